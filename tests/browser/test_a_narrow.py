"""(a) 360 px wide, by finger: nothing scrolls sideways, all can be reached, targets are large."""

from __future__ import annotations

import both_venues
from axe_findings import violations
from dashboard_page import PATHS, OpenTab

PHONE = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
WIDER = """() => {
  const most = document.documentElement.clientWidth;
  return document.documentElement.scrollWidth > most
    ? [...document.querySelectorAll("body *")]
        .filter((it) => it.getBoundingClientRect().right > most + 0.5)
        .slice(0, 5).map((it) => it.outerHTML.slice(0, 120))
    : [];
}"""
COVERED = """() => {
  const targets = [...document.querySelectorAll("a[href], button, input, select, summary")]
    .filter((it) => it.checkVisibility({ visibilityProperty: true }) && !it.disabled)
    .filter((it) => !it.closest("[inert], [aria-hidden=true]"));
  return targets.slice(0, TARGETS_MAX).filter((it) => {
    // What is moved in when it gets the focus is reached by keyboard alone.
    if (it.getBoundingClientRect().bottom < 0 && it.matches("[href='#main']")) return false;
    // In a table the column that stays may lie over the middle.
    return ["center", "end"].every((inline) => {
      it.scrollIntoView({ block: "center", inline, behavior: "instant" });
      const box = it.getBoundingClientRect();
      const found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      const near = found && (it.contains(found) || found.contains(it));
      return !near && !it.labels?.[0]?.contains(found);
    });
  }).map((it) => it.outerHTML.slice(0, 160));
}""".replace("TARGETS_MAX", "80")
# A table left half-way lets its standing column cover part of a head, which a finger would move.
BACK = """() => {
  for (const it of document.querySelectorAll("*")) if (it.scrollLeft) it.scrollLeft = 0;
}"""
SMALL = """() => [...document.querySelectorAll("button, input, select, summary")]
  .filter((it) => it.checkVisibility({ visibilityProperty: true }))
  .map((it) => ({ box: it.getBoundingClientRect(), html: it.outerHTML.slice(0, 120) }))
  .filter(({ box }) => box.width && (box.width < 23.5 || box.height < 23.5))
  .map(({ box, html }) => `${Math.round(box.width)}×${Math.round(box.height)} ${html}`)"""


async def test_a_every_view_fits_360_pixels_and_can_be_used_by_finger(
    demo: both_venues.Demo, open_tab: OpenTab, axe: str
) -> None:
    async with open_tab(demo.service.url, **PHONE) as tab:
        await tab.open()
        await tab.live()
        found: list[str] = []
        for path in PATHS:
            await tab.go(path)
            await tab.settled()
            wider = await tab.page.evaluate(WIDER)
            found += [f"{path} is wider than the screen: {it}" for it in wider]
            covered = await tab.page.evaluate(COVERED)
            found += [f"{path} cannot be touched: {it}" for it in covered]
            await tab.page.evaluate(BACK)
            small = await tab.page.evaluate(SMALL)
            found += [f"{path} is small: {it}" for it in small[:5]]
            found += await violations(tab, axe, path)
        assert not found, "\n".join(found)
