"""Prints the events of a TensorBoard file as JSON, with the protocol buffers of Google and the framing of TFRecord."""
import json
import struct
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

DOUBLE, FLOAT, INT64, STRING, MESSAGE = 1, 2, 3, 9, 11
OPTIONAL, REPEATED = 1, 3


def message_class():
    file = descriptor_pb2.FileDescriptorProto(name="event.proto", package="t", syntax="proto3")
    value = file.message_type.add(name="Value")
    value.field.add(name="tag", number=1, type=STRING, label=OPTIONAL)
    value.field.add(name="simple_value", number=2, type=FLOAT, label=OPTIONAL)
    summary = file.message_type.add(name="Summary")
    summary.field.add(name="value", number=1, type=MESSAGE, label=REPEATED, type_name=".t.Value")
    event = file.message_type.add(name="Event")
    event.field.add(name="wall_time", number=1, type=DOUBLE, label=OPTIONAL)
    event.field.add(name="step", number=2, type=INT64, label=OPTIONAL)
    event.field.add(name="file_version", number=3, type=STRING, label=OPTIONAL)
    event.field.add(name="summary", number=5, type=MESSAGE, label=OPTIONAL, type_name=".t.Summary")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("t.Event"))


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        length, check = struct.unpack_from("<QI", data, at)
        assert masked_crc(data[at : at + 8]) == check, f"checksum of the length at {at}"
        body = data[at + 12 : at + 12 + length]
        assert masked_crc(body) == struct.unpack_from("<I", data, at + 12 + length)[0], f"checksum at {at}"
        yield body
        at += 16 + length


Event = message_class()
events = []
for body in records(open(sys.argv[1], "rb").read()):
    event = Event.FromString(body)
    scalars = {value.tag: value.simple_value for value in event.summary.value}
    events.append(
        {"wallTime": event.wall_time, "step": event.step, "version": event.file_version, "scalars": scalars}
    )
json.dump(events, sys.stdout)
