"""A page's own files and commands, run as its reader would run them.

What counts in a page, in its order:

  `NAME` ...:        a line that begins so, and a fenced block right after it: this file, in the working directory, or
                     below /etc, of which each machine has a copy. With `on MACHINE` it is there alone, else everywhere
  ```sh              commands, all of which must succeed
  ```console         commands behind `$ `, or behind `MACHINE$ `, with all that they print; `...` stands for any part
                     of a line, or as a line for any lines. A command may fail only where something is shown

`vpngw run` is started, and waited for until it is ready. Blocks of other kinds are there to be read.
"""

import dataclasses, os, pathlib, re, shutil, subprocess, time

from router import STATUS
from testbed import SLOWNESS, VPNGW, Failure, wait_for

# For whoever writes a page: what each command prints.
SHOW = os.environ.get("RECIPES_SHOW")
FENCE = re.compile(r"^(```+)(\w*)\s*$")
FILE = re.compile(r"^`([\w/][^`\s]*\.\w+)`(?:.* on `(\w+)`)?.*:$")
# Commands that change nothing are repeated until they print what is shown, for so many seconds.
LOOKS, PATIENCE = re.compile(r"((for .*; do )?curl|ping|ip( -\S+)*|vpngw (status|plan|show)|kubectl (exec|get|logs))\b"), 15
PROMPT = re.compile(r"^(\w*)\$ (.*)$")


@dataclasses.dataclass
class File:
    machine: str
    name: str
    text: str


@dataclasses.dataclass
class Command:
    machine: str
    text: str
    # What the page shows; None where it shows none.
    output: list = None


def steps(text):
    """The files and commands of a page."""
    lines, found, before = iter(text.splitlines()), [], ""
    for line in lines:
        if not (fence := FENCE.match(line)):
            before = line.strip() or before
            continue
        block = []
        for inner in lines:
            if inner == fence[1]:
                break
            block.append(inner)
        if file := FILE.match(before):
            found.append(File(file[2] or "", file[1], "\n".join(block) + "\n"))
        elif fence[2] == "sh":
            found.append(Command("", "\n".join(block)))
        elif fence[2] == "console":
            found += consoles(block)
        before = ""
    return found


def consoles(lines):
    found = []
    for line in lines:
        if prompt := PROMPT.match(line):
            found.append(Command(prompt[1], prompt[2], []))
        elif found and not found[-1].output and found[-1].text.endswith("\\"):
            found[-1].text += "\n" + line
        elif found:
            found[-1].output.append(line.rstrip())
        else:
            raise Failure(f"a console that begins without a prompt: {line}")
    return found


def agrees(shown, printed):
    """Whether the lines are those, where `...` stands for any lines, or for a part of one."""
    pattern = "".join("(?:.*\n)*" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + "\n"
                      for line in shown)
    return re.fullmatch(pattern, "".join(line + "\n" for line in printed))


class Machine:
    """A host with an /etc, a /run and a working directory of its own."""

    def __init__(self, bed, host, name):
        self.bed, self.host, self.name = bed, host, name
        self.directory = bed.directory / f"{host.name}-machine"
        self.home = self.directory / "home"
        for name in "home", "run", "bin", "etc", "real-etc":
            (self.directory / name).mkdir(parents=True)
        # Its /etc refers to the real one, but for what is written.
        for entry in os.listdir("/etc"):
            (self.directory / "etc" / entry).symlink_to(self.directory / "real-etc" / entry)
        (self.directory / "bin/vpngw").symlink_to(VPNGW)
        self.daemon = None

    def words(self, text):
        """`ip netns exec` has made mounts of its own, which end with the command."""
        script = """
            set -e
            mount --bind "$1/run" /run
            mount --bind /etc "$1/real-etc"
            mount --bind "$1/etc" /etc
            cd "$1/home"
            eval "$2"
        """
        return ["env", f"PATH={self.directory}/bin:{os.environ['PATH']}", "bash", "-c", script,
                "bash", self.directory, text]

    def path(self, name):
        """Where a file is to be written that its programs know by this name."""
        if not name.startswith("/"):
            return self.home / name
        if not name.startswith("/etc/"):
            raise Failure(f"{name}: only what is below /etc has a place of its own")
        entry = name.split("/")[2]
        own = self.directory / "etc" / entry
        if own.is_symlink():
            own.unlink()
            if os.path.isdir(f"/etc/{entry}"):
                shutil.copytree(f"/etc/{entry}", own, symlinks=True)
            else:
                shutil.copy(f"/etc/{entry}", own)
        return self.directory / name[1:]

    def names(self, addresses):
        with open(self.path("/etc/hosts"), "a") as file:
            file.writelines(f"{address} {name}\n" for name, address in addresses.items())

    def write(self, name, text):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)

    def run(self, text):
        """The exit status, and the lines that it prints. Enter is pressed for whoever waits for it."""
        log = self.directory / "output"
        with open(log, "wb") as file:
            # Not a pipe, since a daemon that a command leaves behind would keep it open.
            done = subprocess.run([*self.host.prefix, *self.words(text)], input=b"\n", stdout=file, stderr=file,
                                  timeout=60 * SLOWNESS)
        return done.returncode, [line.rstrip() for line in log.read_text(errors="replace").splitlines()]

    def start(self, text):
        """A daemon, which is waited for."""
        process = self.daemon = self.host.start(*self.words("exec env " + text), log="vpngw")
        wait_for(f"{self.name}: {text}", lambda: not process.runs or not subprocess.run(
            [*self.host.prefix, "curl", "-sfm", "5", f"{STATUS}/readyz"], capture_output=True).returncode, 20)
        if not process.runs:
            raise Failure(f"{self.name}: {text}: ended: {process.text()[-1000:]}")

    def start_other(self, *words):
        """Another program, which isn't waited for."""
        return self.host.start(*self.words("exec " + " ".join(words)), log=words[0])


class Page:
    def __init__(self, bed, path, machines, placeholders=()):
        """The first of the machines is the one where nothing else is said."""
        self.bed, self.path = bed, pathlib.Path(path)
        self.machines = {machine.name: machine for machine in machines}
        self.first = machines[0]
        text = self.path.read_text()
        for placeholder, value in dict(placeholders).items():
            if placeholder not in text:
                raise Failure(f"{self.path.name}: {placeholder} isn't in it")
            text = text.replace(placeholder, value)
        self.left = steps(text)
        self.commands = 0

    def write(self):
        """The files before the next command."""
        while self.left and isinstance(self.left[0], File):
            file = self.left.pop(0)
            for machine in self.machines.values():
                if file.machine in ("", machine.name):
                    machine.write(file.name, file.text)

    def go(self, until=None):
        """Runs on, up to and including the next command that contains this text."""
        self.write()
        while self.left:
            command = self.left.pop(0)
            self.do(command)
            self.write()
            if until and until in command.text:
                return
        if until:
            raise Failure(f"{self.path.name}: no more command with {until}")

    def run(self, machine, text):
        """The exit status, and the lines that it prints."""
        return machine.run(text)

    def do(self, command):
        machine = self.machines[command.machine] if command.machine else self.first
        self.commands += 1
        if re.match(r"(\w+=\S+ )*vpngw run\b", command.text):
            machine.start(command.text)
            return
        # A reader, too, looks again.
        deadline = time.monotonic() + PATIENCE * SLOWNESS
        while True:
            status, printed = self.run(machine, command.text)
            changes = status == 2 and command.text.startswith("vpngw plan")
            if (status == 0 or changes or command.output) and (
                    command.output is None or agrees(command.output, printed)):
                break
            if not LOOKS.match(command.text) or time.monotonic() > deadline:
                self.bed.check(f"{self.path.name}: {machine.name}$ {command.text}", False,
                               f"exit {status}\n" + "\n".join(printed))
                raise Failure(f"{self.path.name} doesn't go on")
            time.sleep(0.4)  # looking costs a debug build a fifth of a second
        if SHOW:
            self.bed.say("\n".join([f"{machine.name}$ {command.text}", *printed, f"(exit {status})"]))
