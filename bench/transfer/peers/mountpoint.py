"""The client below s3torchconnector, whose readers and writers only hand it bytes."""
import concurrent.futures

from s3torchconnectorclient._mountpoint_s3_client import MountpointS3Client

from files import arguments, endpoint, sources, targets

BUFFER = 8 << 20
FILES = 32  # at a time


def put(client, bucket, file):
    stream = client.put_object(bucket, file[1])
    with open(file[0], "rb") as f:
        while chunk := f.read(BUFFER):
            stream.write(chunk)
    stream.close()


def get(client, bucket, file):
    with open(file[0], "wb") as f:
        for chunk in client.get_object(bucket, file[1]):
            f.write(chunk)


def main():
    up, tree, local, bucket, key = arguments()
    client = MountpointS3Client("us-east-1", endpoint=endpoint(), force_path_style=True)
    if up:
        files, move = sources(local, key), put
    else:
        files, move = [(local, key)], get
        if tree:
            files = targets(local, key, [entry.key for page in client.list_objects(bucket, key) for entry in page.object_info])
    with concurrent.futures.ThreadPoolExecutor(FILES) as pool:
        list(pool.map(lambda file: move(client, bucket, file), files))


main()
