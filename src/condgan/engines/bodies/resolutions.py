"""The sides that feature maps have in a convolutional network, and how many channels at each."""

SMALLEST = 7
WIDEST = 8  # times the width


def resolutions(size: int) -> list[int]:
    """An image's side and its halves, rounded up, until one is at most 7: 28, 14, 7."""
    sides = [size]
    while sides[-1] > SMALLEST:
        sides.append(-(-sides[-1] // 2))
    return sides


def channels(size: int, width: int) -> dict[int, int]:
    """Side -> channels: the width at the full resolution, twice as many at each half, at most 8 times."""
    return {side: width * min(2**halvings, WIDEST) for halvings, side in enumerate(resolutions(size))}
