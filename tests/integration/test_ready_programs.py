# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that tell when they are ready: to systemd, as s6 and dinit expect it, in their output, or to a check."""

import os
import shutil
import unittest

from harness import free_port
from test_order import OrderCase

NGINX = """
pid nginx.pid;
error_log stderr notice;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
    }}
}}
"""


def needs(program, source="./dev servers"):
    return unittest.skipUnless(shutil.which(program), f"{program} is not there: {source}")


class ProgramCase(OrderCase):
    def start_with(self, command, ready, waiting="sleep 1000", checks=None, **services):
        """Starts the service "db" with a command, and "client", which waits until it is ready."""
        self.plan({"db": {"command": command, "ready": {"timeout": "60s", **ready}, "startup": "enabled"},
                   "client": {"command": waiting, "type": "oneshot", "wait-for": {"db": "ready"}, "startup": "enabled",
                              "wait-timeout": "60s"}, **services}, checks=checks)
        self.daemon.start("--verbose")

    def assert_ready(self):
        """Becomes ready, and the client is started after that."""
        self.assertEqual(self.wait_for("db").status, 200)
        self.assertEqual(self.wait_for("client", "started").status, 200)
        self.assertLess(self.log_position('Service "db" is ready'), self.log_position('Service "client" starting'))
        self.assertIs(self.details("db")["ready"], True)

    def assert_restart_and_stop(self):
        """Becomes ready again after a restart."""
        self.assertEqual(self.daemon.services("restart", "db")["status"], "Done")
        self.daemon.wait_log('Service "db" is ready', count=2)
        self.assertEqual(self.daemon.services("stop", "db")["status"], "Done")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.leftovers(), [])


class NotifyTest(ProgramCase):
    @needs("redis-server")
    def test_redis(self):
        socket = self.daemon.path("redis.sock")
        self.start_with(f"redis-server --supervised systemd --port 0 --unixsocket {socket} --save '' --daemonize no "
                        f"--dir {self.daemon.dir}", {"notify": True}, waiting=f"redis-cli -s {socket} ping")
        self.assert_ready()
        self.assertEqual(self.details("db")["status-text"], "Ready to accept connections")
        self.daemon.wait_log(r"\[client\] PONG$")
        self.assertEqual(self.wait_for("client", "completed").status, 200)
        self.assert_restart_and_stop()

    @needs("systemd-notify", "the package systemd")
    def test_systemd_notify(self):
        """It waits for the barrier that it sends after its message, and returns."""
        for options in ("", "--pid", "--pid=$$", "--no-block"):
            with self.subTest(options):
                self.daemon = self.new_daemon()
                self.daemon.script("service", f"systemd-notify --ready --status='all is well' {options}\n"
                                              "echo returned $?\nexec sleep 1000\n")
                self.start_with(self.daemon.path("service"), {"notify": True})
                self.assert_ready()
                self.daemon.wait_log(r"\[db\] returned 0$")
                self.assertEqual(self.details("db")["status-text"], "all is well")

    @needs("systemd-notify", "the package systemd")
    def test_systemd_notify_of_further_things(self):
        """Messages without meaning here are ignored, and each call returns."""
        self.daemon.script("service", "systemd-notify --status='still busy'\n"
                                      "systemd-notify MAINPID=1 WATCHDOG=1 FDSTORE=1 X_ANY=thing EXTEND_TIMEOUT_USEC=60000000\n"
                                      "echo busy $?\n"
                                      f"while [ ! -e {self.daemon.path('gate')} ]; do sleep 0.02; done\n"
                                      "systemd-notify --ready\nexec sleep 1000\n")
        self.start_with(self.daemon.path("service"), {"notify": True})
        self.daemon.wait_log(r"\[db\] busy 0$")
        self.assertEqual((self.details("db")["state"], self.details("db")["status-text"]), ("starting", "still busy"))
        self.assertEqual(self.daemon.service("client")["current"], "inactive")
        self.daemon.file("gate")
        self.assert_ready()
        self.assert_restart_and_stop()

    @needs("systemd-notify", "the package systemd")
    @unittest.skipUnless(os.getuid() == 0, "only root can have services with another user")
    def test_systemd_notify_of_another_user(self):
        os.chmod(self.daemon.dir, 0o755)
        self.daemon.script("service", "systemd-notify --ready\necho returned $?\nexec sleep 1000\n")
        self.plan({"db": {"command": self.daemon.path("service"), "ready": {"notify": True}, "user": "nobody",
                          "group": "nogroup"}})
        self.daemon.start("--verbose")
        self.assertEqual(self.daemon.services("start", "db")["status"], "Done")
        self.daemon.wait_log(r"\[db\] returned 0$")
        self.assertIs(self.details("db")["ready"], True)


class DescriptorTest(ProgramCase):
    """As the notification-fd of s6, and ready-notification of dinit."""

    @needs("s6-log")
    def test_s6_log(self):
        # It ends at the end of its input, which is a pipe that nobody closes.
        self.daemon.script("service", f"mkfifo {self.daemon.path('pipe')} 2>/dev/null\n"
                                      f"exec s6-log -d 3 t {self.daemon.path('logs')} <>{self.daemon.path('pipe')}\n")
        self.start_with(self.daemon.path("service"), {"fd": 3}, waiting=f"sh -c 'echo hello >{self.daemon.path('pipe')}'")
        self.assert_ready()
        self.assertEqual(self.wait_for("client", "completed").status, 200)
        self.assert_restart_and_stop()
        self.assertIn("hello", self.daemon.read("logs/current"))

    @needs("s6-ipcserverd")
    def test_s6_ipcserver(self):
        """It writes the newline to its standard output, which the shell makes the descriptor."""
        socket = self.daemon.path("socket")
        self.start_with(f"sh -c 'exec s6-ipcserver-socketbinder {socket} s6-ipcserverd -1 echo hello >&4'", {"fd": 4},
                        waiting=f"s6-ipcclient {socket} sh -c 'cat <&6'")
        self.assert_ready()
        self.daemon.wait_log(r"\[client\] hello$")
        self.assert_restart_and_stop()

    @needs("dbus-daemon")
    def test_dbus_daemon(self):
        """It writes its address, and then a newline: pipefd:4 of dinit."""
        self.start_with(f"dbus-daemon --session --nofork --address=unix:path={self.daemon.path('bus')} --print-address=4",
                        {"fd": 4})
        self.assert_ready()
        self.assertTrue(os.path.exists(self.daemon.path("bus")))
        self.assert_restart_and_stop()

    def test_number_in_the_environment(self):
        """pipevar:READY_FD of dinit: the number is in a variable."""
        self.daemon.script("service", "printf 'rea' >&$READY_FD\nprintf 'dy\\n' >&$READY_FD\neval \"exec $READY_FD>&-\"\n"
                                      "echo still here\nexec sleep 1000\n")
        self.plan({"db": {"command": self.daemon.path("service"), "ready": {"fd": 5}, "environment": {"READY_FD": "5"}}})
        self.daemon.start("--verbose")
        self.assertEqual(self.daemon.services("start", "db")["status"], "Done")
        self.daemon.wait_log(r"\[db\] still here$")
        self.assertIs(self.details("db")["ready"], True)


@needs("nginx")
class NginxTest(ProgramCase):
    def setUp(self):
        super().setUp()
        os.chmod(self.daemon.dir, 0o755)  # for nginx's workers
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.configuration = NGINX.format(port=self.port, root=self.daemon.path("pages"))
        self.command = f"nginx -e stderr -p {self.daemon.dir}/ -c {self.daemon.path('nginx.conf')} -g 'daemon off;'"

    def write_files(self):
        self.daemon.file("nginx.conf", self.configuration)
        self.daemon.file("pages/index.html", "hello")

    def test_line_of_its_log(self):
        self.write_files()
        self.start_with(self.command, {"log": "start worker processes$"})
        self.assert_ready()
        self.assert_restart_and_stop()

    def test_check(self):
        self.write_files()
        self.start_with(self.command, {"check": "page"}, checks={"page": {"startup": "disabled", "http": {"url": self.url}}})
        self.assert_ready()
        self.assertEqual(self.daemon.check("page")["status"], "inactive")
        self.assert_restart_and_stop()

    def test_address_that_it_cannot_have(self):
        self.write_files()
        self.configuration = self.configuration.replace("127.0.0.1", "192.0.2.1")  # no address of this machine
        self.daemon.file("nginx.conf", self.configuration)
        self.plan({"web": {"command": self.command, "ready": {"log": "start worker processes$", "timeout": "0s"},
                           "on-failure": "ignore"}})
        self.daemon.start()
        change = self.daemon.services("start", "web")
        self.assertIn("service start attempt: exited before it was ready with code 1, will ignore", change["err"])
        self.assertIn("Cannot assign requested address", "\n".join(change["tasks"][0]["log"]))

    def test_jobs_that_prepare_it(self):
        """A chain of shell scripts writes what nginx needs."""
        folder = self.daemon.path("pages")
        source = self.daemon.file("source.conf", self.configuration)
        jobs = {"folder": f"mkdir {folder}", "page": f"sh -c 'echo hello >{folder}/index.html.new'",
                "name": f"mv {folder}/index.html.new {folder}/index.html",
                "configure": f"cp {source} {self.daemon.path('nginx.conf')}",
                "try": f"{self.command} -t"}
        before = None
        plan = {}
        for name, command in jobs.items():
            plan[name] = {"command": command, "type": "oneshot", "startup": "enabled",
                          **({"wait-for": {before: "completed"}} if before else {})}
            before = name
        plan["web"] = {"command": self.command, "startup": "enabled", "wait-for": {"try": "completed"},
                       "ready": {"check": "page"}}
        self.plan(dict(reversed(plan.items())), checks={"page": {"startup": "disabled", "http": {"url": self.url}}})
        self.daemon.start()
        self.assertEqual(self.wait_for("web").status, 200)
        starts = [line.split('"')[1] for line in self.daemon.log_lines('Service ".*" starting')]
        self.assertEqual(starts, [*jobs, "web"])
        notes = [line.split()[-1] for line in self.daemon.cli("services").stdout.splitlines()[1:]]
        self.assertEqual(notes.count("completed"), len(jobs))


if __name__ == "__main__":
    unittest.main()
