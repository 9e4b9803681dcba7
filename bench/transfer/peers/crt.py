import os
import urllib.parse

from awscrt import auth, http, io, s3

from files import arguments, endpoint, sources, targets


def client():
    credentials = auth.AwsCredentialsProvider.new_static(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    return s3.S3Client(
        region="us-east-1",
        tls_mode=s3.S3RequestTlsMode.DISABLED,
        signing_config=s3.create_default_s3_signing_config(region="us-east-1", credential_provider=credentials),
    )


def request(method, bucket, key):
    headers = http.HttpHeaders([("Host", urllib.parse.urlsplit(endpoint()).netloc)])
    return http.HttpRequest(method, "/" + bucket + "/" + urllib.parse.quote(key), headers)


def put(s3client, bucket, file):
    r = request("PUT", bucket, file[1])
    r.headers.add("Content-Length", str(os.path.getsize(file[0])))
    return s3client.make_request(type=s3.S3RequestType.PUT_OBJECT, request=r, send_filepath=file[0]).finished_future


def get(s3client, bucket, file):
    r = request("GET", bucket, file[1])
    return s3client.make_request(type=s3.S3RequestType.GET_OBJECT, request=r, recv_filepath=file[0]).finished_future


def listing(bucket, key):
    """By boto3, since the CRT moves objects and does not list them."""
    import boto3  # takes long to load, and a single object needs no listing

    pages = boto3.client("s3", endpoint_url=endpoint()).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    return [found["Key"] for page in pages for found in page.get("Contents", [])]


def main():
    up, tree, local, bucket, key = arguments()
    if up:
        files, move = sources(local, key), put
    else:
        files, move = targets(local, key, listing(bucket, key)) if tree else [(local, key)], get
    s3client = client()
    for future in [move(s3client, bucket, file) for file in files]:
        future.result()


main()
