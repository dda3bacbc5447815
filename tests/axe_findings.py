"""What axe-core finds wrong with a page, by the rules of WCAG 2.2 AA."""

from __future__ import annotations

from typing import Any

from dashboard_page import Tab

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
RUN = """(tags) => axe.run(document, { runOnly: { type: "tag", values: tags } })
  .then((found) => found.violations.map((it) => ({
    rule: it.id, help: it.help,
    nodes: it.nodes.slice(0, 5).map((node) => `${node.target.join(" ")} ${node.failureSummary}`),
  })))"""


async def violations(tab: Tab, axe: str, where: str) -> list[str]:
    if not await tab.page.evaluate("() => 'axe' in globalThis"):
        await tab.page.evaluate(axe)
    found: list[dict[str, Any]] = await tab.page.evaluate(RUN, list(RULES))
    return [f"{where}: {it['rule']} ({it['help']}) {it['nodes']}" for it in found]
