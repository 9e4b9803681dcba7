import asyncio
import os
import pathlib

import obstore
from obstore.store import S3Store

from files import arguments, endpoint, sources, targets

FILES = 32  # at a time


async def put(store, file):
    await obstore.put_async(store, file[1], pathlib.Path(file[0]))


async def get(store, file):
    result = await obstore.get_async(store, file[1])
    with open(file[0], "wb") as f:
        async for chunk in result.stream():
            f.write(chunk)


async def main():
    up, tree, local, bucket, key = arguments()
    store = S3Store(
        bucket,
        endpoint=endpoint(),
        access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        region="us-east-1",
        client_options={"allow_http": True},
    )
    if up:
        files, move = sources(local, key), put
    else:
        files, move = [(local, key)], get
        if tree:
            files = targets(local, key, [entry["path"] for page in obstore.list(store, key) for entry in page])
    limit = asyncio.Semaphore(FILES)

    async def one(file):
        async with limit:
            await move(store, file)

    await asyncio.gather(*(one(file) for file in files))


asyncio.run(main())
