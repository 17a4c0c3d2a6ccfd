"""The Markdown table of a run on a GPU."""

from statistics import median
from typing import Any


def table(results: dict[str, Any]) -> str:
    """Machine, tests, steps, sampling and trainings of a results file; what is missing is named."""
    parts = results["parts"]
    lines = ["A rehearsal on the CPU: no figure of a GPU.", ""] if results.get("rehearsal") else []
    facts = parts.get("machine", {})
    lines += [f"{facts.get('device', '?')}, driver {facts.get('driver') or '?'}; {facts.get('host', '?')}", ""]
    tests = parts.get("tests", {}).get("tests", {})
    passed = sum(outcome == "passed" for outcome in tests.values())
    lines += [f"Tests on the device: {passed} of {len(tests)} passed.", ""]
    lines += [
        "| recipe | batch | ms | published ms | ratio | images/s | share of the limit |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in parts.get("steps", {}).get("steps", []):
        if "error" in row:
            lines.append(f"| {row['recipe']} | {row['batch']} | failed | | | | |")
            continue
        ratios = row["ratios"]
        spread = f"{median(ratios):.1f} ({min(ratios):.1f}-{max(ratios):.1f})"
        cells = [f"{row['ms']:.3f}", f"{row['published_ms']:.1f}", spread, f"{row['images_per_s']:,}"]
        lines.append(f"| {row['recipe']} | {row['batch']} | {' | '.join(cells)} | {row['share_of_limit']:.1%} |")
    rates = parts.get("sampling", {}).get("images_per_s")
    if rates:
        lines += ["", f"Sampling, mnist: {median(rates):,.0f} images/s."]
    trainings = [(name, found) for part in ("training", "flagship") for name, found in parts.get(part, {}).items()]
    trainings = [(name, found) for name, found in trainings if isinstance(found, dict) and "epoch" in found]
    if trainings:
        lines += ["", "| training | epochs | seconds | images/s | ended |", "|---|---|---|---|---|"]
        for name, found in trainings:
            cells = [f"{found['epoch'] or 0:g}", f"{found['seconds']:.0f}", f"{found['images_per_s']:,}"]
            lines.append(f"| {name} | {' | '.join(cells)} | {found['ended'].partition(':')[0]} |")
    lines += [
        "",
        *(f"{name}: {part['status']}." for name, part in parts.items() if part.get("status") != "finished"),
    ]
    return "\n".join(lines).rstrip()
