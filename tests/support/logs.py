"""How tests log."""

import structlog


def log_plainly() -> None:
    """Logs as structlog does by default, with tracebacks as Python prints them.

    The default shows every local variable, which takes seconds for each exception that holds a large object.
    """
    structlog.reset_defaults()
    *before, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*before, renderer])
