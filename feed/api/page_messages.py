"""The messages of errors about hosts, sessions of browsers, pages and live events by code, in Chinese and English."""

PAGE_MESSAGES: dict[str, tuple[str, str]] = {
    "host_not_allowed": ("不支持以该域名访问", "The site is not served under this host name."),
    "session_not_found": ("没有找到该登录记录", "There is no such sign-in."),
    "too_many_streams": (
        "打开的页面过多，请关闭一些后重试",
        "Too many pages with live updates are open: close some of them.",
    ),
    "ticket_refused": (
        "登录链接已使用或已失效，请回到 App 重新打开",
        "The link was used or has expired: open the page from the app again.",
    ),
    "other_site": (
        "这个页面已过期，或请求不是从本站发出的，请刷新后重试",
        "The page is out of date, or the request is not from this site: reload it and try again.",
    ),
    "asset_not_found": ("没有找到该文件", "There is no such file."),
    "target_not_found": ("没有找到要举报或申诉的内容", "There is nothing here to report or to appeal against."),
    "page_not_found": ("没有找到该页面", "There is no such page."),
}
