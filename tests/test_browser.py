"""JupyterLab in a real browser: lesson 00 is opened and run, a slider is moved by keyboard, picture and text follow.

Needs Chromium or Chrome (the environment variable CHROMIUM names another); without one these tests are skipped.
"""
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[1]
LESSON = ROOT / "notebooks/00_start_here.ipynb"
TOKEN = "a-token-of-this-test-only"
PATIENCE = 240      # seconds for one thing to happen: two busy cores may compile numba code meanwhile
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed, so nothing was tried in a browser")

SLOW_PANEL = """
import time, numpy as np
from dflib.widgets import Panel, slider
draws = []
def draw(level):
    draws.append(level)
    time.sleep(0.3)
    if level == 99:
        raise ValueError("ninety-nine is too much")
    return np.full((64, 64, 3), 2 * level, np.uint8), f"level {level} in drawing {len(draws)}"
Panel(draw, {"level": slider("level", 0, 100, 10)}, alt="a grey square")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Address of a JupyterLab with settings of its own, on copies of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    if LESSON.exists():
        shutil.copy(LESSON, notebooks)
    slow = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SLOW_PANEL)],
                                    metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}})
    nbformat.write(slow, notebooks / "slow.ipynb")
    settings = folder / "config/labconfig"
    settings.mkdir(parents=True)
    (settings / "page_config.json").write_text(json.dumps(      # asks a question over the notebook
        {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}))
    (settings / "default_setting_overrides.json").write_text(json.dumps(    # every cell is in the page, seen or not
        {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = {name: str(folder / name.lower()) for name in
              ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")}
    with open(folder / "server.log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
             "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={notebooks}"],
            env={**os.environ, **places, "JUPYTER_CONFIG_DIR": str(folder / "config"), "DFLIB_SCALE": "smoke"},
            stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(address, process, folder / "server.log")
        yield address
    finally:
        process.terminate()     # the server ends its kernels
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_until_up(address, process, log):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/api/status?token={TOKEN}", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


def wait_for_kernel(address, name):
    """Until the notebook's kernel is idle and the page is connected to it: the page itself says idle too early."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{address}/api/sessions?token={TOKEN}", timeout=30) as answer:
            kernels = [session["kernel"] for session in json.load(answer) if session["path"] == name]
        if any(kernel and kernel["execution_state"] == "idle" and kernel["connections"] for kernel in kernels):
            return
        time.sleep(0.3)
    raise AssertionError(f"No kernel was ready for {name} after {PATIENCE} seconds.")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1400, "height": 1100})
    context.set_default_timeout(PATIENCE * 1000)
    expect.set_options(timeout=PATIENCE * 1000)
    yield context.new_page()
    context.close()


def run_all(page, server, name):
    """Open a notebook and choose Run > Run All Cells; returns when no cell is waiting or running."""
    page.goto(f"{server}/lab/tree/{name}?token={TOKEN}")
    expect(page.locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible()
    wait_for_kernel(server, name)
    # on a slow machine JupyterLab may still ask which kernel to use: the proposed one
    page.add_locator_handler(page.locator(".jp-Dialog button.jp-mod-accept"), lambda button: button.click())
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(page.locator(".dflib-panel").first).to_be_visible()
    expect(page.locator(".jp-InputPrompt", has_text="[*]")).to_have_count(0)


def picture_bytes(panel):
    """Digest of what the browser has loaded as the panel's picture."""
    data = panel.locator("img").evaluate(
        "async image => Array.from(new Uint8Array(await (await fetch(image.src)).arrayBuffer()))")
    assert len(data) > 50
    return hashlib.sha256(bytes(data)).hexdigest()


def screenshot(page, name):
    folder = ROOT / "build/browser"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / name)


@pytest.mark.skipif(not LESSON.exists(), reason="Lesson 00 is not written yet")
def test_lesson_00_runs_and_its_panel_follows_the_slider(server, page):
    run_all(page, server, LESSON.name)
    panel = page.locator(".dflib-panel").first
    panel.scroll_into_view_if_needed()
    text = panel.get_by_role("status")
    handle = panel.get_by_role("slider").first
    before_text, before_picture = text.inner_text(), picture_bytes(panel)
    handle.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(text).not_to_have_text(before_text)
    deadline = time.monotonic() + PATIENCE
    while picture_bytes(panel) == before_picture and time.monotonic() < deadline:
        time.sleep(0.2)
    screenshot(page, "lesson00.png")
    assert picture_bytes(panel) != before_picture
    assert panel.locator("img").evaluate("image => image.naturalWidth") >= 32
    assert text.inner_text() in panel.locator("img").get_attribute("title")     # the picture's description in words
    expect(panel.get_by_role("alert")).to_have_count(0)
    for kind in ("error", "stderr"):
        expect(page.locator(f"[data-mime-type='application/vnd.jupyter.{kind}']")).to_have_count(0)


def test_the_newest_value_wins_and_errors_are_shown(server, page):
    run_all(page, server, "slow.ipynb")
    panel = page.locator(".dflib-panel")
    text = panel.get_by_role("status")
    expect(text).to_have_text("level 10 in drawing 1")
    panel.get_by_role("slider").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    expect(text).to_contain_text("level 30")
    assert int(text.inner_text().split()[-1]) < 15      # of 20 values most were skipped, the last was not
    picture = picture_bytes(panel)
    page.keyboard.press("End")
    expect(text).to_contain_text("level 100")
    page.keyboard.press("ArrowLeft")
    expect(panel.get_by_role("alert")).to_contain_text("ValueError: ninety-nine is too much")
    screenshot(page, "panel_error.png")
    panel.get_by_role("button", name="Reset").click()
    expect(text).to_contain_text("level 10")
    assert picture_bytes(panel) != picture
