"""Whole experiments that combine techniques: each trains, scores and writes its table and pictures into data/."""
