"""As much of S3 as file storage uses, in memory: https://docs.aws.amazon.com/AmazonS3/latest/API."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_XML = "application/xml"


class Bucket:
    """One bucket.

    Attributes:
        objects: What can be seen in it.
        uploads: Parts of what is not finished.
        requests: What was asked, such as `PUT`.
        broken: Answer everything with a refusal.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.requests: list[str] = []
        self.broken = False
        self.app = Starlette(
            routes=[
                Route(
                    "/{bucket}{key:path}",
                    self._answer,
                    methods=["GET", "HEAD", "PUT", "POST", "DELETE"],
                )
            ]
        )

    async def _answer(self, request: Request) -> Response:
        key = request.path_params["key"].lstrip("/")
        body = await request.body()
        self.requests.append(request.method)
        if self.broken:
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type=_XML)
        match request.method:
            case "POST":
                query = request.query_params
                deletes = "delete" in query
                return self._delete_all(body) if deletes else self._upload(key, query)
            case "PUT":
                return self._put(key, request.query_params, body)
            case "DELETE":
                self.objects.pop(key, None)
                return Response(status_code=204)
            case _:
                prefix = request.query_params.get("prefix", "")
                return self._get(key) if key else self._list(prefix)

    def _put(self, key: str, query: QueryParams, body: bytes) -> Response:
        if "uploadId" in query:
            self.uploads[query["uploadId"]][int(query["partNumber"])] = body
        else:
            self.objects[key] = body
        return Response(headers={"ETag": _tag(body)})

    def _get(self, key: str) -> Response:
        if key not in self.objects:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404, media_type=_XML)
        found = self.objects[key]
        headers = {"ETag": _tag(found), "Last-Modified": "Mon, 23 Nov 2026 12:00:00 GMT"}
        return Response(found, headers=headers)

    def _list(self, prefix: str) -> Response:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{now}</LastModified>"
            f"<Size>{len(found)}</Size><ETag>{_tag(found)}</ETag></Contents>"
            for key, found in self.objects.items()
            if key.startswith(prefix)
        )
        return Response(f"<ListBucketResult>{contents}</ListBucketResult>", media_type=_XML)

    def _upload(self, key: str, query: QueryParams) -> Response:
        if "uploadId" not in query:
            upload = f"upload-{len(self.uploads)}"
            self.uploads[upload] = {}
            kind, answer = "Initiate", f"<UploadId>{upload}</UploadId>"
        else:
            parts = self.uploads.pop(query["uploadId"])
            self.objects[key] = b"".join(parts[number] for number in sorted(parts))
            kind, answer = "Complete", f"<ETag>{_tag(self.objects[key])}</ETag>"
        name = f"{kind}MultipartUploadResult"
        return Response(f"<{name}>{answer}</{name}>", media_type=_XML)

    def _delete_all(self, body: bytes) -> Response:
        tree = ET.fromstring(body)  # noqa: S314 - our own request
        keys = [element.text or "" for element in tree.iter() if element.tag.endswith("Key")]
        for key in keys:
            self.objects.pop(key, None)
        gone = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        return Response(f"<DeleteResult>{gone}</DeleteResult>", media_type=_XML)


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()}"'
