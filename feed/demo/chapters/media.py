"""Chapter: photos and a short video are uploaded and processed; how they are seen once they are published."""

import asyncio
import hashlib
import io
import time
import uuid
from typing import Any

from PIL import Image

from feed.demo.context import DemoContext
from feed.demo.output import Unexpected
from feed.demo.pictures.camera import CLIP_MS, take_clip, take_photo, traces_in
from feed.demo.texts import AVATAR, BEST, FILMED, MOMENTS, OTHER_PHOTOS, PHOTOS, POPULAR, UPRIGHT
from feed.renditions.video.rendering import INSTALL, is_installed

# Uploads at the same time: photos of one post arrive in any order.
_AT_ONCE = 6
_PATIENCE_SECONDS = 60.0
# A little more than one part.
_CLIP_BYTES = 8_600_000
_SCENES = PHOTOS | {key: (scene,) for key, (_, scene) in OTHER_PHOTOS.items()}
_OWNERS = {moment.key: moment.author for moment in MOMENTS} | {key: owner for key, (owner, _) in OTHER_PHOTOS.items()}


async def upload_pictures(context: DemoContext) -> None:
    """Uploads all photos and the video before the campaign begins; waits until the photos are processed."""
    output = context.output
    output.chapter("照片与短视频", "Photos and short videos")
    began = time.monotonic()
    await asyncio.gather(_upload_photos(context), _upload_clip(context))
    count = sum(map(len, _SCENES.values()))
    photos = await _processed(context)
    seconds = context.photo_seconds = time.monotonic() - began
    files = {variant["url"]: b"" for card in photos.values() for variant in card["variants"]}
    output.expect(
        len(photos) == count and all(len(card["variants"]) == 6 for card in photos.values()),
        f"{count} 张照片上传并处理完，用时 {seconds:.1f} 秒：大中小三种尺寸，各有 WebP 和 JPEG，共 {len(files)} 个文件",
        f"{count} photos are uploaded and processed in {seconds:.1f} s: three sizes, as WebP and JPEG, {len(files)} files",
        found=photos,
    )
    await _check_private(context, photos[context.media[UPRIGHT][0]])
    owner = context[_OWNERS[UPRIGHT]]
    for url in files:
        files[url] = (await owner.download(url)).content
    left = {url: found for url, content in files.items() if (found := traces_in(content))}
    output.expect(
        not left and all(files.values()),
        "每张照片都埋了拍摄地点（GPS）、相机型号：处理后的文件里一个字节也不剩",
        "each photo was taken with its position (GPS) and camera: no byte of them is in any file that is served",
        found=left,
    )
    _check_upright(context, photos[context.media[UPRIGHT][0]], files)


async def _upload_photos(context: DemoContext) -> None:
    output = context.output
    taken = [(moment, place, scene) for moment, scenes in _SCENES.items() for place, scene in enumerate(scenes)]
    context.media |= {moment: [""] * len(scenes) for moment, scenes in _SCENES.items()}
    turn = asyncio.Semaphore(_AT_ONCE)
    with output.progress("上传照片", "uploading photos", len(taken)) as steps:

        async def upload(number: int, moment: str, place: int, scene: str) -> None:
            async with turn:
                content = await asyncio.to_thread(take_photo, scene, number)
                if not traces_in(content):
                    raise Unexpected(f"{scene}: no position")
                key, alt = uuid.uuid4().hex, context.script.alts[scene]
                # The last one is sent twice, as by an app that gets no response.
                answers = [
                    await context[_OWNERS[moment]].upload(content, alt=alt, key=key)
                    for _ in range(2 if number == len(taken) else 1)
                ]
                media = {answer.body.get("id") for answer in answers if answer.status == 201}
                if len(media) != 1:
                    raise Unexpected(f"{moment}: {answers}")
                context.media[moment][place] = media.pop()
                steps.step()

        await asyncio.gather(*(upload(number, *each) for number, each in enumerate(taken, 1)))
    sender = context[_OWNERS[UPRIGHT]]
    refused = await sender.upload(b"<script>alert(1)</script>", name="photo.jpg")
    output.check(
        refused.status == 415,
        "改名成 photo.jpg 的网页被拒绝",
        "a page that is named photo.jpg is refused",
        found=refused,
    )


async def _upload_clip(context: DemoContext) -> None:
    """Sends the video in parts, of which the second one is lost at first."""
    output, author = context.output, context[_OWNERS[FILMED]]
    if not is_installed():
        output.say(
            f"[yellow]没有安装 FFmpeg，跳过短视频：{INSTALL.replace('[', chr(92) + '[')}[/]",
            f"[yellow]Without FFmpeg there is no video: {INSTALL.replace('[', chr(92) + '[')}[/]",
        )
        return
    content = await asyncio.to_thread(take_clip, _CLIP_BYTES)
    output.check(bool(traces_in(content, is_clip=True)), "原视频里有拍摄地点", "the video has its position")
    begun = await author.post(
        "/v1/media/uploads",
        {
            "kind": "video",
            "content_type": "video/mp4",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "alt": context.script.alts[FILMED],
        },
    )
    media_id, size = begun["media"]["id"], begun["part_size"]

    async def send(part: dict[str, Any]) -> None:
        at = (part["number"] - 1) * size
        sent = await author.send_part(part, content[at : at + size])
        output.check(200 <= sent.status_code < 300, "分片已收到", "a part is received", found=sent.text)

    first, *others = begun["parts"]
    await send(first)
    complete = {"parts": [{"number": part["number"]} for part in begun["parts"]]}
    early = await author.ask("POST", f"/v1/media/{media_id}/complete", complete)
    missing = [part for part in (await author.get(f"/v1/media/{media_id}"))["upload"]["parts"] if not part["received"]]
    for part in missing:
        await send(part)
    await author.post(f"/v1/media/{media_id}/complete", complete)
    context.media[FILMED] = [media_id]
    output.expect(
        early.status == 409 and [part["number"] for part in missing] == [part["number"] for part in others],
        f"短视频（{len(content) / 1e6:.1f} MB）分 {1 + len(others)} 片上传，中途断网：问一声就知道缺哪片，补上即可",
        f"a video ({len(content) / 1e6:.1f} MB) is sent in {1 + len(others)} parts; the network breaks, and the missing part alone is sent again",
        found=(early, missing),
    )


async def _processed(context: DemoContext) -> dict[str, dict[str, Any]]:
    """The cards of all photos, by id, when they are ready."""
    waiting: dict[str, set[str]] = {}
    for moment in _SCENES:
        waiting.setdefault(_OWNERS[moment], set()).update(context.media[moment])
    ready: dict[str, dict[str, Any]] = {}
    with context.output.progress("处理照片", "processing photos", sum(map(len, waiting.values()))) as steps:

        async def look() -> bool:
            for author, ids in waiting.items():
                if not ids - ready.keys():
                    continue
                for card in (await context[author].get("/v1/me/media?limit=50"))["items"]:
                    if card["id"] not in ids or card["id"] in ready:
                        continue
                    if card["state"] == "failed":
                        raise Unexpected(f"{context[author].name}: {card}")
                    if card["state"] == "ready":
                        ready[card["id"]] = card
                        steps.step()
            return all(ids <= ready.keys() for ids in waiting.values())

        await context.eventually(look, _PATIENCE_SECONDS)
    return ready


async def _check_private(context: DemoContext, card: dict[str, Any]) -> None:
    """Before it is published, a photo is its owner's only."""
    granted = await context.anonymous.download(card["url"])
    plain = await context.anonymous.download(card["url"].partition("?")[0])
    stranger = await context[_OWNERS[POPULAR]].ask("GET", f"/v1/media/{card['id']}")
    context.output.expect(
        (granted.status_code, plain.status_code, stranger.status) == (200, 404, 404),
        "发布之前只有本人看得到：带签名的地址 10 分钟有效，去掉签名就是 404",
        "until it is published its owner alone sees it: by a signed address, for ten minutes; without the signature it is 404",
        found=(granted.status_code, plain.status_code, stranger),
    )


def _check_upright(context: DemoContext, card: dict[str, Any], files: dict[str, bytes]) -> None:
    """The photo was stored on its side."""
    (variant,) = (each for each in card["variants"] if each["name"] == "full_jpeg")
    picture = Image.open(io.BytesIO(files[variant["url"]])).convert("RGB")
    sky, ground = (picture.getpixel((picture.width // 2, y)) for y in (20, picture.height - 8))
    name = context[_OWNERS[UPRIGHT]].name
    context.output.expect(
        card["width"] < card["height"]
        and picture.size == (card["width"], card["height"])
        and _blue(sky) > _blue(ground),
        f"{name}竖着拍的照片，手机存成了横的：处理后是正的（{card['width']}×{card['height']}）",
        f"the photo that {name} took upright was stored on its side: it is upright now ({card['width']}×{card['height']})",
        found=card,
    )


def _blue(pixel: object) -> int:
    assert isinstance(pixel, tuple)
    return int(pixel[2]) - int(pixel[0])


async def look_at_pictures(context: DemoContext) -> None:
    """Waits until the posts with media are visible, and looks at them as a reader."""
    output, posts = context.output, {}
    waiting = {moment: ids for moment, ids in context.media.items() if moment in context.posts}
    with output.progress("等待视频", "waiting for the video", len(waiting)) as steps:
        for moment, ids in waiting.items():
            posts[moment] = await _visible(context, moment)
            shown = [card["id"] for card in posts[moment]["media"]]
            output.check(shown == ids, "照片按选定的顺序", "media are in their order", found=(shown, ids))
            steps.step()
    album = posts[POPULAR]
    answers = [await context.anonymous.download(card["thumb_url"]) for card in album["media"]]
    output.expect(
        all((each.status_code, each.headers["content-type"]) == (200, "image/webp") for each in answers)
        and all(card["alt"] for card in album["media"]),
        f"{album['author']['name']}的 {len(answers)} 张照片公开了：顺序就是选定的顺序，每张都有文字说明",
        f"the {len(answers)} photos of {album['author']['name']} are public, in the chosen order, each with its description",
        found=[(each.status_code, dict(each.headers)) for each in answers],
    )
    await _look_at_avatar(context)
    stranger = await context[_OWNERS[UPRIGHT]].ask("POST", "/v1/posts", {"media_ids": [context.media[POPULAR][0]]})
    output.check(stranger.status == 422, "别人的照片不能用", "another person's photo is refused", found=stranger)
    if FILMED in posts:
        await _look_at_clip(context, posts[FILMED])


async def _look_at_avatar(context: DemoContext) -> None:
    """An author makes a photo the own avatar: it is shown beside the author's posts."""
    author = context[_OWNERS[AVATAR]]
    (media_id,) = context.media[AVATAR]
    await author.patch("/v1/me", {"avatar_media_id": media_id})
    address = ""

    async def shown() -> bool:
        nonlocal address
        address = (await context.anonymous.get(f"/v1/posts/{context.posts[BEST]}"))["author"]["avatar_url"] or ""
        return bool(address)

    in_time = await context.eventually(shown, 5)
    answer = await context.anonymous.download(address)
    context.output.expect(
        in_time and answer.status_code == 200 and answer.headers["content-type"].startswith("image/"),
        f"{author.name}换了头像，她的动态旁边就是新的",
        f"{author.name} has a new avatar, which is beside her posts",
        found=(address, answer.status_code),
    )


async def _visible(context: DemoContext, moment: str) -> dict[str, Any]:
    post: dict[str, Any] = {}

    async def found() -> bool:
        answer = await context.anonymous.ask("GET", f"/v1/posts/{context.posts[moment]}")
        if answer.status == 200:
            post.update(answer.body)
        return answer.status == 200

    if not await context.eventually(found, _PATIENCE_SECONDS):
        raise Unexpected(f"{moment}: {await context.author(moment).get(f'/v1/posts/{context.posts[moment]}')}")
    return post


async def _look_at_clip(context: DemoContext, post: dict[str, Any]) -> None:
    output, (card,) = context.output, post["media"]
    whole = await context.anonymous.download(card["url"])
    begin = await context.anonymous.download(card["url"], {"Range": "bytes=0-1"})
    cover = await context.anonymous.download(card["thumb_url"])
    listed = await context.anonymous.get("/v1/feeds/videos?limit=20")
    length = len(whole.content)
    output.expect(
        whole.headers["content-type"] == "video/mp4"
        and (begin.status_code, begin.headers.get("content-range")) == (206, f"bytes 0-1/{length}")
        and begin.content == whole.content[:2]
        and cover.headers["content-type"] == "image/webp"
        and abs(card["duration_ms"] - CLIP_MS) <= 100
        and post["id"] in {each["id"] for each in listed["items"]},
        f"{post['author']['name']}的短视频转码好了才公开：{card['width']}×{card['height']}，{card['duration_ms'] / 1000:.1f} 秒，自动选了封面，可以拖动播放（206）",
        f"the video of {post['author']['name']} is public since it is transcoded: {card['width']}×{card['height']}, {card['duration_ms'] / 1000:.1f} s, with a cover, and players can seek (206)",
        found=(card, begin.status_code, begin.headers, listed["items"][:2]),
    )
    left = traces_in(whole.content, is_clip=True)
    output.check(not left, "视频里没有拍摄地点", "the video has no position", found=left)


async def photo_of(context: DemoContext, moment: str) -> str:
    """The public address of the first photo of a visible post."""
    post = await context.anonymous.get(f"/v1/posts/{context.posts[moment]}")
    address: str = post["media"][0]["url"]
    return address


async def check_gone(context: DemoContext, *addresses: str) -> None:
    """The photos are refused at the addresses at which they were public."""
    found = [(await context.anonymous.download(each)).status_code for each in addresses]
    context.output.check(
        found == [404] * len(addresses), "照片的地址也失效了", "the address of a photo is gone as well", found=found
    )
