"""Commands and files to try after the demo."""

import shlex
import shutil
import sys
from pathlib import Path

from feed.demo.chapters.verification import KEYS, RESULT
from feed.demo.context import DemoContext
from feed.demo.output import Output
from feed.demo.participants import EDITOR, REVIEWER
from feed.demo.texts import BEST, CHEATS, MOMENTS

BEST_AUTHOR = next(moment.author for moment in MOMENTS if moment.key == BEST)


def show_server(context: DemoContext, base_url: str) -> None:
    """Prints commands to copy while the server keeps running."""
    output, data, feed = context.output, shlex.quote(str(context.data)), _feed()
    campaign = f"{base_url}/v1/campaigns/{context.campaign_id}"
    proof = context.data / "demo"
    output.say(
        f"证据在 {proof}：{RESULT} 是公开结果，{KEYS} 是公钥。随便改 {RESULT} 里的一个数字，验证就不通过。",
        f"The proof lies in {proof}: {RESULT} is the public result, {KEYS} the public key. Change one digit and it fails.",
    )
    output.say("", "")
    output.say("在浏览器里打开：", "Open in a browser:")
    for words, address in (
        (("鹏友圈", "the community"), f"{base_url}/"),
        (("进行中的活动", "open campaign"), f"{base_url}/campaigns/{context.second_campaign_id}"),
        (("结果自验页", "the result"), f"{base_url}/campaigns/{context.campaign_id}/result"),
        (("嵌入页面", "the block"), f"{base_url}/embed/guide"),
        (("接口文档", "API document"), f"{base_url}/docs"),
    ):
        name = output.words(*words)
        output.line(f"  {name}{' ' * max(1, 16 - _width(name))}{address}")
    output.say(
        "登录：在另一个终端运行，把打印出的链接粘进浏览器（十分钟内有效，只能用一次）：",
        "Sign in: run in another terminal, and open the printed link in a browser (once, within ten minutes):",
    )
    for words, key, page in (
        (("编辑", "an editor"), EDITOR, "/console"),
        (("审核员", "a reviewer"), REVIEWER, "/console/queue"),
        (("获奖的市民", "a winner"), BEST_AUTHOR, "/prizes"),
    ):
        name = output.words(*words)
        output.line(
            f"  {name}{' ' * max(1, 16 - _width(name))}{feed} sign-in --user {shlex.quote(f'demo:{key}')} --to {page} --data {data}"
        )
    output.say("", "")
    output.say("在另一个终端里试：", "Try in another terminal:")
    commands = (
        (("离线验证", "verify offline"), f"{feed} verify {shlex.quote(str(proof / RESULT))} --key {shlex.quote(str(proof / KEYS))}"),
        (("话题页", "the topic"), f"curl '{base_url}/v1/topics/{context.script.topic}/posts'"),
        (("榜单", "leaderboard"), f"curl {campaign}/leaderboard"),
        (("活动规则", "the rules"), f"curl {campaign}/rules"),
        (("发一条动态", "post"), f"TOKEN=$({feed} token --user 小明 --data {data})"),
        (("", ""), f"curl -X POST {base_url}/v1/posts -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' -d '{{\"text\": \"#{context.script.topic}#\"}}'"),
        (("点个赞", "like"), f"curl -X PUT {base_url}/v1/posts/{context.posts[CHEATS]}/like -H \"Authorization: Bearer $TOKEN\""),
        (("短信发件箱", "SMS outbox"), f"{feed} outbox --data {data}"),
    )  # fmt: skip
    for words, command in commands:
        name = output.words(*words)
        output.line(f"  {name}{' ' * max(1, 16 - _width(name))}{command}")
    output.say("", "")
    output.say("服务仍在运行，按 Ctrl-C 停止。", "The server goes on; stop it with Ctrl-C.")


def show_next_steps(output: Output, proof: Path | None) -> None:
    """Prints the next steps after everything has stopped."""
    feed = _feed()
    if proof is not None:
        where = shlex.quote(str(proof / RESULT)), shlex.quote(str(proof / KEYS))
        output.say(f"证据留在 {proof}，随时可以再验：", f"The proof stays in {proof}; verify it whenever you like:")
        output.line(f"  {feed} verify {where[0]} --key {where[1]}")
    output.say("全部进程已停止。接下来打开：", "Everything has stopped. What to open next:")
    language = "--lang en" if output.language == "zh" else "--lang zh"
    for words, command in (
        (("服务保持运行，再打开 http://127.0.0.1:8080/docs", "keeps the server; then open http://127.0.0.1:8080/docs"), "make run"),
        (("一步一步办第一次活动", "your first campaign, step by step"), output.words("docs/tutorial/first-campaign.zh-CN.md", "docs/tutorial/first-campaign.md")),
        (("README", "README"), output.words("README.zh-CN.md", "README.md")),
        (("空的社区", "an empty community"), f"{feed} up"),
        (("英文讲解", "the demo in Chinese"), f"{feed} demo {language}"),
    ):  # fmt: skip
        name = output.words(*words)
        output.line(f"  {command}{' ' * max(2, 40 - len(command))}{name}")


def _feed() -> str:
    """`feed` where it is on PATH, else its path."""
    program = Path(sys.executable).with_name("feed")
    found = shutil.which("feed")
    if (found is not None and Path(found).resolve() == program.resolve()) or not program.exists():
        return "feed"
    here = Path.cwd()
    return shlex.quote(str(program.relative_to(here) if program.is_relative_to(here) else program))


def _width(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
