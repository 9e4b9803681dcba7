import concurrent.futures

import boto3

from files import arguments, endpoint, sources, targets


def listing(s3, bucket, key):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    return [found["Key"] for page in pages for found in page.get("Contents", [])]


def main():
    up, tree, local, bucket, key = arguments()
    s3 = boto3.client("s3", endpoint_url=endpoint())
    if up:
        files, move = sources(local, key), lambda f: s3.upload_file(f[0], bucket, f[1])
    else:
        files = targets(local, key, listing(s3, bucket, key)) if tree else [(local, key)]
        move = lambda f: s3.download_file(bucket, f[1], f[0])
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(move, files))


main()
