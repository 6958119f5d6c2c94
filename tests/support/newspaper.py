"""A site of its own origin, whose pages have the block in a frame."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

ARTICLE = """<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>新闻</title></head>
<body style="margin:0"><p style="height:120px;margin:0">正文</p>{body}<p id="after">其他新闻</p></body></html>"""


@asynccontextmanager
async def newspaper(port: int, pages: Mapping[str, str]) -> AsyncIterator[str]:
    """Serves the bodies by their paths at http://localhost:port, until the block ends."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            body = pages.get(head.split(" ")[1].partition("?")[0])
            content = b"" if body is None else ARTICLE.format(body=body).encode()
            status = "404 Not Found" if body is None else "200 OK"
            writer.write(
                f"HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {len(content)}\r\n"
                "connection: close\r\n\r\n".encode()
                + content
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            # The browser has opened a connection that it did not need.
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "localhost", port)
    try:
        yield f"http://localhost:{port}"
    finally:
        server.close()
