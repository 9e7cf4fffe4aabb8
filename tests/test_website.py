"""The site of ``make site``: built from what is committed, then read in a browser with the network switched off.

Needs the extra ``site``; the browser part also Chromium, as test_browser.py does. Without them these tests are skipped.
"""
import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="The extra site is not installed, so no site was built")
pytest.importorskip("myst_nb", reason="The extra site is not installed, so no site was built")
pytest.importorskip("furo", reason="The extra site is not installed, so no site was built")

from playwright.sync_api import expect  # noqa: E402
from test_browser import CHROMIUM, browser, page, screenshot  # noqa: E402, F401

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import website  # noqa: E402

LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("website") / "site"
    assert website.main(folder) == 0                            # Sphinx warned of nothing
    return folder


def test_every_page_is_there_and_asks_for_nothing_outside(site):
    front = (site / "README.html").read_text(encoding="utf-8")
    for lesson in LESSONS:
        assert f'href="notebooks/{lesson.stem}.html"' in front
        assert (site / "notebooks" / f"{lesson.stem}.html").is_file()
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for tag in re.findall(r"<(?:script|link|img|iframe|source|video)\b[^>]{0,2000}", text):
            assert not re.search(r"(src|href)=[\"'](https?:)?//", tag), (path.name, tag[:200])
        for target in re.findall(r'<a\b[^>]*\shref="([^":#]+)["#]', text):
            assert (path.parent / target).exists(), (path.name, target)
    assert "url(data:font/woff" in (site / "_static/course.css").read_text(encoding="utf-8")
    lesson = (site / "notebooks/04_faceswap.html").read_text(encoding="utf-8")
    assert "A still picture of a panel" in lesson and "application/vnd.jupyter.widget-view" not in lesson
    assert "MathJax" not in lesson and lesson.count("<math") > 30


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed, so the site was not tried in a browser")
def test_the_site_is_read_and_searched_without_a_network(site, page):  # noqa: F811
    page.context.set_offline(True)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/README.html")
    page.locator(".sidebar-tree").get_by_role("link", name="04 · FaceSwap").click()
    page.wait_for_url("**/notebooks/04_faceswap.html")
    formula = page.locator(".formula math").first
    expect(formula).to_be_visible()
    box = formula.bounding_box()
    assert box["width"] > 100 and 15 < box["height"] < 300
    assert page.evaluate("document.fonts.load('20px \"Course Math\"').then(fonts => fonts.length)") == 1
    pictures = page.locator("article img").evaluate_all("images => images.map(image => image.complete && image.naturalWidth)")
    assert len(pictures) > 10 and all(width > 50 for width in pictures)
    formula.scroll_into_view_if_needed()
    screenshot(page, "site_lesson.png")
    page.locator(".related-pages").get_by_role("link", name="Next").click()     # the lesson after this one
    page.wait_for_url("**/notebooks/05_*.html")
    page.get_by_role("textbox", name="Search").fill("Umeyama")
    page.keyboard.press("Enter")
    found = page.locator("#search-results").get_by_role("link", name="01 · Faces as data")
    expect(found.first).to_be_visible()
    screenshot(page, "site_search.png")
    found.first.click()
    page.wait_for_url("**/notebooks/01_faces_as_data.html**")
    assert all(url.startswith(("file:", "data:")) for url in asked)
