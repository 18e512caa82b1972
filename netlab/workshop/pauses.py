"""Waiting that lets others run."""

from __future__ import annotations

import asyncio


async def pause(seconds: float) -> None:
    """Let others run meanwhile."""
    try:
        await asyncio.wait_for(asyncio.Event().wait(), seconds)
    except TimeoutError:
        return
