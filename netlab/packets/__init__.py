"""From bytes to journeys: frames decoded, put together, written down."""
