"""Notifications about one's own account."""

from feed.screens.notices.template import Template, Templates, Words

ACCOUNT: Templates = {
    "export.ready": Template(
        Words("你的个人信息副本已生成", "请在{until:long_time}前下载，只能下载一次。"),
        Words("The copy of your data is ready", "Download it once, until {until:long_time}."),
    ),
    "export.failed": Template(
        Words("你的个人信息副本未能生成", "请稍后重新申请。"),
        Words("The copy of your data could not be made", "Please request it again later."),
    ),
}
