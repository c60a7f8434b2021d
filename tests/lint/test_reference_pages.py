# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/reference/: keys, limits and variables are those of the source, and the tests that it names are there."""

import glob
import os
import re
import sys
import unittest

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(TOP, "tools"))

import guarantees  # noqa: E402

KEYS = re.compile(r"<!-- keys: (.*) -->$")
TEST = re.compile(r"`([a-z0-9_/]*test_[a-z0-9_]+\.(?:py|c))::([a-z0-9_]+)`")

# The constants behind docs/reference/limits.md, and the text that it has for them.
CONSTANTS = [
    ("data/yaml.c", "yaml_limits_layer", "{.size_bytes = 8 << 20, .depth = 100, .nodes = 1000000}", "1,000,000"),
    ("plan/diagnostics.c", "FAULTS_MAX", "50", "| 50 |"),
    ("plan/layer_parse.c", "WARNINGS_MAX", "20", "| 20 each |"),
    ("plan/layers_dir.c", "WARNINGS_MAX", "20", "| 20 each |"),
    ("plan/plan_update.c", "WAITING_MAX", "64", "| 64 |"),
    ("plan/plan_update.c", "MEMORY_PER_BYTE", "32", "32 bytes for each byte"),
    ("plan/plan_update.c", "MEMORY_PER_ENTRY", "2048", "2 KiB for each entry"),
    ("data/regular_expression.h", "REGULAR_EXPRESSION_MAX_BYTES", "((size_t)1024)", "1,024 bytes, 50 levels"),
    ("data/regular_expression.c", "DEPTH_MAX", "50", "50 levels of parentheses"),
    ("data/regular_expression.c", "REPETITIONS_MAX", "255.0", "255 repetitions"),
    ("data/regular_expression.c", "COPIES_MAX", "20000.0", "20,000 characters"),
    ("services/service_actions.c", "START_WINDOW_NS", "NS_PER_S", "| 1 s |"),
    ("services/service_config.c", "KILL_DELAY_DEFAULT_NS", "(5 * NS_PER_S)", "`kill-delay`, 5 s"),
    ("services/service_config.c", "READY_TIMEOUT_NS", "(25 * NS_PER_S)", "`timeout` of `ready`, 25 s"),
    ("services/service_internal.h", "SERVICE_KILL_LIMIT_NS", "(5 * NS_PER_S)", "from SIGKILL to the end | 5 s"),
    ("process/launcher_internal.h", "LAUNCH_DEADLINE_NS", "(10 * NS_PER_S)", "up to its exec | 10 s"),
    ("logs/ring.h", "RING_LIMIT_BYTES", "((size_t)102400)", "100 KiB for each service"),
    ("services/service_notify_internal.h", "NOTIFY_MESSAGE_MAX_BYTES", "((size_t)4096)", "`$NOTIFY_SOCKET` | 4,096 bytes"),
    ("services/service_readiness.c", "LINE_MAX_BYTES", "((size_t)4096)", "`ready: {log: …}` | 4,096 bytes"),
    ("http/http_client.c", "REDIRECTS_MAX", "10", "redirects of an HTTP check | 10"),
    ("checks/probe_exec.c", "OUTPUT_MAX_BYTES", "512", "512 bytes are kept, 5 lines"),
    ("checks/probe_http.c", "BODY_MAX", "512", "512 bytes are kept, 5 lines"),
    ("forward/sender_internal.h", "PAYLOAD_LINES_MAX", "((size_t)100)", "| 100, or 1 MiB of text |"),
    ("forward/gatherer_internal.h", "PAYLOAD_TEXT_MAX", "((size_t)1048576)", "| 100, or 1 MiB of text |"),
    ("forward/sender_internal.h", "SEND_DEADLINE_NS", "(10 * NS_PER_S)", "| a request | 10 s |"),
    ("forward/target.c", "KEPT_LINES_MAX", "((size_t)100)", "the newest 100 lines"),
    ("forward/target.c", "RETRY_MAX_NS", "(300 * NS_PER_S)", "1 s to 5 min"),
    ("forward/encode_syslog.c", "DATAGRAM_TEXT_MAX", "((size_t)4000)", "4,000 bytes"),
    ("forward/forward_manager.c", "ENDING_TARGETS_MAX", "((size_t)16)", "| 16 |"),
    ("daemon/stop.c", "FORWARD_LIMIT_NS", "(3 * NS_PER_S)", "| 3 s |"),
    ("exec/exec_manager.h", "EXECS_MAX", "((size_t)1000)", "commands at a time | 1,000"),
    ("exec/exec_internal.h", "EXEC_CONNECT_WAIT_NS", "(5 * NS_PER_S)", "the client has connected | 5 s"),
    ("exec/exec_internal.h", "EXEC_OUTPUT_WAIT_NS", "(5 * NS_PER_S)", "the end of the command | 5 s"),
    ("http/http_websocket.h", "WEBSOCKET_TEXT_LIMIT_BYTES", "((size_t)65536)", "websocket | 64 KiB"),
    ("api/file_items_internal.h", "FILE_ITEMS_MAX", "((size_t)32768)", "| 32,768 |"),
    ("api/api_files_write.c", "METADATA_LIMIT_BYTES", "((size_t)4194304)", "metadata of an upload | 4 MiB"),
    ("files/file_manager.h", "FILE_OPERATIONS_MAX", "((size_t)1024)", "| 1,024 |"),
    ("files/file_list.h", "FILE_LIST_ENTRIES_MAX", "((size_t)500000)", "500,000, 64 MiB"),
    ("files/file_list.h", "FILE_LIST_LIMIT_BYTES", "((size_t)67108864)", "500,000, 64 MiB"),
    ("files/remove_path_internal.h", "REMOVE_DEPTH_MAX", "((size_t)100000)", "| 100,000 |"),
    ("wire/http_message.h", "HTTP_HEAD_LIMIT_BYTES", "((size_t)1048576 + 4096)", "1,052,672 bytes, 10,000 headers"),
    ("wire/http_message.h", "HTTP_HEADERS_MAX", "((size_t)10000)", "1,052,672 bytes, 10,000 headers"),
    ("api/body_internal.h", "BODY_VALUES_MAX", "((size_t)400000)", "about 400,000"),
    ("api/api_plan.c", "LABEL_MAX_BYTES", "((size_t)4096)", "that is added | 4,096 bytes"),
    ("api/response.c", "MESSAGE_MAX_BYTES", "((size_t)65536)", "64 KiB, 4,096 bytes"),
    ("base/text.h", "TEXT_QUOTED_MAX", "((size_t)4096)", "64 KiB, 4,096 bytes"),
    ("api/body_internal.h", "BODY_LIMIT_BYTES", "((size_t)33554432)", "JSON body | 32 MiB"),
    ("api/api_internal.h", "API_NAMES_MAX", "((size_t)10000)", "in a query | 10,000"),
    ("api/api_notices.c", "KEYS_MAX", "((size_t)1000)", "in a query | 1,000"),
    ("base/descriptors.h", "DESCRIPTORS_RESERVED", "((size_t)128)", "descriptors less 128"),
    ("base/descriptors.h", "DESCRIPTORS_CONNECTIONS_MAX", "((size_t)16384)", "16,384"),
    ("api/api_notices_add.c", "KEY_MAX_BYTES", "256", "key of a notice | 256 bytes"),
    ("api/api_notices_add.c", "DATA_MAX_BYTES", "4096", "data of a notice | 4,096 bytes"),
    ("state/notice_internal.h", "NOTICES_MAX", "((size_t)1000)", "custom notices | 1,000"),
    ("state/notice.c", "EXPIRE_AFTER_NS", "(7 * 24 * 3600 * NS_PER_S)", "it last occurred | 7 days"),
    ("state/prune.c", "CHANGES_MAX", "1000", "that are ready | 1,000, 7 days"),
    ("state/prune.c", "READY_BYTES_MAX", "((size_t)8 << 20)", "that are ready, in the state file | 8 MiB"),
    ("state/prune.c", "FILE_BYTES_MAX", "((size_t)192 << 20)", "for a new change | 192 MiB"),
    ("state/prune.c", "KEEP_NS", "(7 * DAY_NS)", "that are ready | 1,000, 7 days"),
    ("state/prune.c", "ABORT_NS", "(14 * DAY_NS)", "14 days"),
    ("state/task.c", "LOG_LINES_MAX", "10", "log of a task | 10 lines"),
    ("base/log.c", "LOG_MESSAGE_BYTES_MAX", "((size_t)65536)", "description of a security event | 64 KiB; 8 KiB"),
    ("base/log.c", "LOG_SECURITY_TEXT_BYTES_MAX", "((size_t)8192)", "description of a security event | 64 KiB; 8 KiB"),
    ("state/checkpoint.h", "CHECKPOINT_WAIT_NS", "(4 * NS_PER_S)", "request for the state file | 4 s"),
    ("state/checkpoint.c", "FILE_SIZE_MAX", "((size_t)256 << 20)", "state file | 256 MiB"),
    ("access/identities.h", "IDENTITIES_MAX", "((size_t)4096)", "| identities | 4,096 |"),
    ("access/identity_set.h", "IDENTITY_SET_MAX", "((size_t)8192)", "| 8,192 |"),
    ("access/identities.h", "IDENTITIES_BYTES_MAX", "((size_t)16777216)", "state file | 16 MiB"),
    ("access/identity_set.h", "IDENTITY_NAME_BYTES_MAX", "((size_t)255)", "| 255 bytes |"),
    ("access/identity_set.h", "IDENTITY_PASSWORD_BYTES_MAX", "((size_t)1024)", "hash of a password | 1,024 bytes"),
    ("access/identity_set.h", "IDENTITY_PEM_BYTES_MAX", "((size_t)16384)", "certificate | 16,384 bytes"),
    ("access/password.h", "PASSWORD_ROUNDS_MAX", "1000000L", "rounds of a hash | 1,000,000"),
    ("access/password.h", "PASSWORD_BYTES_MAX", "((size_t)511)", "| 511 bytes |"),
    ("access/authenticator.h", "AUTHENTICATOR_WAITING_MAX", "((size_t)64)", "64, of these 16 for one name"),
    ("access/authenticator.h", "AUTHENTICATOR_WAITING_OF_NAME_MAX", "((size_t)16)", "64, of these 16 for one name"),
    ("access/identity_file.h", "IDENTITY_FILE_BYTES_MAX", "((size_t)8388608)", "file of identities | 8 MiB"),
    ("access/pairing.h", "PAIRING_USERS_MAX", "1000", "paired clients | 1,000"),
    ("api/api_pairing.c", "TIMEOUT_MAX_NS", "(600 * NS_PER_S)", "1 s to 10 min"),
    ("base/directory.c", "COPY_DEPTH_MAX", "64", "`PEBBLE_COPY_ONCE` names | 64"),
    ("services/service_notify_internal.h", "NOTIFY_EXTENSION_MAX_NS", "INT64_C(3600000000000)", "`EXTEND_TIMEOUT_USEC=` | 1 h"),
    ("services/service_notify_internal.h", "NOTIFY_STATUS_MAX_BYTES", "((size_t)256)", "`STATUS=` | 256 bytes"),
    ("api/body_internal.h", "BODY_SMALL_LIMIT_BYTES", "((size_t)65536)", "`/v1/pairing` | 64 KiB"),
    ("wire/url_query.c", "QUERY_PAIRS_MAX", "((size_t)100000)", "parameters of a query | 100,000"),
    ("wire/http_message.h", "HTTP_CHUNK_LINE_LIMIT_BYTES", "((size_t)4096)", "| 4 KiB, 64 KiB |"),
    ("wire/http_message.h", "HTTP_TRAILER_LIMIT_BYTES", "((size_t)65536)", "| 4 KiB, 64 KiB |"),
    ("wire/multipart.h", "MULTIPART_HEAD_LIMIT_BYTES", "((size_t)65536)", "part of an upload | 64 KiB"),
    ("tls/tls_verify.c", "RSA_BITS_MAX", "8192", "| 8,192 bits |"),
    ("daemon/wiring.c", "OUTPUT_LIMIT_BYTES", "((size_t)1048576)", "| 1 MiB each |"),
    ("services/service_stop_limit.c", "LEAST_NS", "(10 * NS_PER_S)", "at least 10.1 s"),
    ("services/service_stop_limit.c", "MARGIN_NS", "(100 * NS_PER_MS)", "at least 10.1 s"),
    ("daemon/stop.c", "KILL_LIMIT_NS", "(5 * NS_PER_S)", "end of commands (exec) | 5 s"),
    ("daemon/stop.c", "SAVE_LIMIT_NS", "(5 * NS_PER_S)", "last write of the state file | 5 s"),
    ("daemon/stop.c", "REQUEST_GRACE_NS", "NS_PER_S", "not finished | 1 s"),
]


def read(*names):
    with open(os.path.join(TOP, *names), encoding="utf-8") as file:
        return file.read()


def rows_behind(lines, at):
    """The first cell of each row of the table whose head is the line `at`."""
    rows = []
    for row in lines[at + 2:]:
        if not row.startswith("|"):
            break
        rows.append(row.split("|")[1].strip().strip("`"))
    return rows


class LayersTest(unittest.TestCase):
    def test_keys(self):
        """The tables have all keys of record_tables.c; those beyond Pebble's have a table of their own."""
        source = read("src", "plan", "record_tables.c")
        lines = read("docs", "reference", "layers.md").splitlines()
        count = 0
        for at, line in enumerate(lines):
            mark = KEYS.match(line)
            if mark is None:
                continue
            name, *beyond = mark[1].split()
            body = re.search(rf"struct field {name}\[\] = {{\n(.*?)\n}};", source, re.DOTALL)[1]
            fields = re.findall(r"{\"([a-z-]+)\",(.*?)(?=\n    {|\Z)", body, re.DOTALL)
            keys = [key for key, rest in fields if ("EXTENDED" in rest) == bool(beyond)]
            self.assertEqual(sorted(rows_behind(lines, at + 1)), sorted(keys), mark[1])
            count += len(keys)
        self.assertEqual(count, len(re.findall(r"^    {\"", source, re.MULTILINE)))


class LimitsTest(unittest.TestCase):
    def test_constants(self):
        text = read("docs", "reference", "limits.md")
        for path, name, value, shown in CONSTANTS:
            with self.subTest(path=path, name=name):
                self.assertRegex(read("src", path), rf"\b{name}\b( =)? {re.escape(value)}")
                self.assertIn(shown, text)

    def test_named_tests_exist(self):
        tests = TEST.findall(read("docs", "reference", "limits.md"))
        self.assertGreater(len(tests), 50)
        for path, name in tests:
            folder = "integration" if path.endswith(".py") else "unit"
            with self.subTest(path=path, name=name):
                self.assertTrue(guarantees.has_test(os.path.join(TOP, "tests", folder, path), name))


class EnvironmentTest(unittest.TestCase):
    """environment.md has all variables of the program; those of charms and of the tests have documents of their own."""

    OWN = {"PEBBLE_TEST_CLOCK"}
    LIST = re.compile(r"\*const \w+\[\] = {((?:\"[A-Z_]+\",? ?)+)};.*?getenv\((\w+)", re.DOTALL)
    CALL = re.compile(r"\b(?:getenv|environment_(?:is|text|copy)|get_either)\(\"(\w+)\"(?:, \"([a-z_]+)\")?")

    def test_variables(self):
        text = read("docs", "reference", "environment.md")
        found = set()
        for path in glob.glob(os.path.join(TOP, "src", "**", "*.c"), recursive=True):
            if os.path.relpath(path, os.path.join(TOP, "src")).split(os.sep)[0] not in ("charm", "testing"):
                found.update(match[0] for match in self.CALL.findall(read(path)))
                for names, _ in self.LIST.findall(read(path)):
                    found.update(re.findall(r"\w+", names))
        self.assertGreater(len(found), 20)
        for name in found - self.OWN:
            self.assertIn(f"`{name}`", text)

    def test_no_others(self):
        """Each variable in a first column is in the source."""
        source = "".join(read(path) for path in glob.glob(os.path.join(TOP, "src", "**", "*.[ch]"), recursive=True))
        cells = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", read("docs", "reference", "environment.md"), re.MULTILINE)
        names = re.findall(r"`(\w+)`", " ".join(cells))
        self.assertGreater(len(names), 20)
        for name in set(names) - {"TZ"}:  # which the C library reads
            self.assertTrue(re.search(rf'"{name}(=[^"]*)?"', source), name)


if __name__ == "__main__":
    unittest.main()
