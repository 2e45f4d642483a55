"""Checks a directory that `vpngw net --out` made: manifests.py DIRECTORY VPNGW [VERSION].

Every object passes Kubernetes' schema of that version, and of the newest, every state file
passes `vpngw validate`, and what refers to something finds it. Where kubectl is, its kustomize agrees with the
reader here.
"""

import collections, json, os, pathlib, re, shutil, subprocess, sys
import xml.dom.minidom

import kubernetes_validate, yaml

VERSIONS = [*sys.argv[3:], kubernetes_validate.latest_version()]
# What Kubernetes' schemas don't know.
CUSTOM = {"NetworkAttachmentDefinition", "Kustomization"}
CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding"}

directory, vpngw = pathlib.Path(sys.argv[1]), sys.argv[2]
passed, problems = 0, []


def check(holds, what):
    global passed
    if holds:
        passed += 1
    else:
        problems.append(what)


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def build(base):
    """What kustomize makes of a base, with no more of its features than ours use."""
    settings, = documents(base / "kustomization.yaml")
    unknown = settings.keys() - {"apiVersion", "kind", "namespace", "resources", "configMapGenerator"}
    check(not unknown, f"{base}: this reader doesn't know {unknown}")
    objects = []
    for name in settings.get("resources", []):
        path = base / name
        objects += build(path) if path.is_dir() else documents(path)
    for generator in settings.get("configMapGenerator", []):
        options = generator["options"]
        check(options.pop("disableNameSuffixHash") is True, f"{base}: a ConfigMap's name has a hash")
        objects.append({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": generator["name"], **options},
            "data": {name: (base / name).read_text() for name in generator["files"]}})
    for each in objects:
        if each["kind"] not in CLUSTER_WIDE:
            each["metadata"]["namespace"] = settings["namespace"]
    return objects


def identity(each):
    return each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]


seen = set()


def check_schema(each, where):
    text = json.dumps(each, sort_keys=True)
    if each["kind"] in CUSTOM or text in seen:
        return
    seen.add(text)
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(each, version, strict=True)
            check(True, where)
        except kubernetes_validate.ValidationError as error:
            check(False, f"{where}: {identity(each)}, Kubernetes {version}: {error.message}"
                  f" at {'/'.join(map(str, error.path))}")


def check_attachment(each, where):
    config = json.loads(each["spec"]["config"])
    name = each["metadata"]["name"]
    check(config["name"] == name and config["plugins"][0]["type"] == "bridge", f"{where}: {name}: {config}")
    for plugin in config["plugins"]:
        ipam = plugin.get("ipam") or {}
        check(ipam.get("type", "whereabouts") in ("whereabouts", "static"), f"{where}: {name}: {ipam}")
        for setting in plugin.get("sysctl", {}).items():
            check(all(isinstance(word, str) for word in setting), f"{where}: {name}: {setting}")


def check_template(each, template, maps, attachments, where):
    """What a pod refers to is there."""
    spec, labels = template["spec"], template["metadata"].get("labels", {})
    selector = each["spec"].get("selector", {}).get("matchLabels", {})
    check(selector.items() <= labels.items(), f"{where}: {selector} doesn't select {labels}")
    words = template["metadata"].get("annotations", {}).get("k8s.v1.cni.cncf.io/networks", "")
    for word in filter(None, words.split(",")):
        network, link = word.split("@")
        check(network.split("/")[-1] in attachments, f"{where}: no network {network}")
        check(len(link) <= 15, f"{where}: {link} is too long for a link")
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    for container in spec.get("initContainers", []) + spec["containers"]:
        for mount in container.get("volumeMounts", []):
            volume = volumes.get(mount["name"])
            check(volume is not None, f"{where}: no volume {mount['name']}")
            if volume and "configMap" in volume:
                check("subPath" not in mount and "subPathExpr" not in mount,
                      f"{where}: a subPath is never renewed")
                files = maps.get(volume["configMap"]["name"], {})
                for argument in container.get("args", []):
                    if argument.startswith(mount["mountPath"] + "/"):
                        wanted = argument.removeprefix(mount["mountPath"] + "/")
                        pattern = re.escape(wanted).replace(r"\$\(INDEX\)", "[0-9]+")
                        found = [name for name in files if re.fullmatch(pattern, name)]
                        check(found, f"{where}: no file {wanted} in {sorted(files)}")
                        if "$(INDEX)" in wanted:
                            check(len(found) == each["spec"]["replicas"], f"{where}: {found}")


def check_base(base):
    where = base.relative_to(directory)
    objects = build(base)
    count = collections.Counter(map(identity, objects))
    check(max(count.values()) == 1, f"{where}: twice: {count.most_common(1)}")
    maps = {each["metadata"]["name"]: each["data"] for each in objects if each["kind"] == "ConfigMap"}
    for each in objects:
        check_schema(each, where)
        if each["kind"] == "NetworkAttachmentDefinition":
            check_attachment(each, where)
        if each["kind"] in ("Deployment", "StatefulSet", "DaemonSet"):
            check_template(each, each["spec"]["template"], maps, attachments, where)
    if shutil.which("kubectl"):
        done = subprocess.run(["kubectl", "kustomize", base], capture_output=True, text=True)
        theirs = {identity(each): each for each in yaml.safe_load_all(done.stdout)}
        for each in objects:
            check(theirs.get(identity(each)) == each, f"{where}: kustomize has another {identity(each)}")
        check(len(theirs) == len(objects), f"{where}: kustomize has {len(theirs)} objects, not {len(objects)}")


def check_states(files):
    done = subprocess.run([vpngw, "validate", *files], capture_output=True, text=True,
                          env=os.environ | {"INDEX": "0"})
    check(done.returncode == 0, f"vpngw validate: {done.stdout}{done.stderr}")
    check(done.stdout.count(": valid\n") == len(files), f"vpngw validate: {done.stdout}")
    for path in files:
        if last := re.search(r'"INDEX": \{[^}]*"max": (\d+)', path.read_text()):
            done = subprocess.run([vpngw, "validate", "--set", f"INDEX={last[1]}", path],
                                  capture_output=True, text=True)
            check(done.returncode == 0, f"the last pod: {done.stdout}{done.stderr}")


def check_routers(role):
    """Wherever it runs, a router has addresses that no other has, unless whereabouts gives them."""
    path = directory / role / f"{role}.json"
    nodes = re.findall(r'"(router-\d+)": \{ "hostname"', path.read_text())
    taken = collections.Counter()
    for node in nodes:
        signals = [word for name in nodes
                   for word in ("--signal", f"node.{name}={'up' if name == node else 'down'}")]
        done = subprocess.run([vpngw, "expand", *signals, "--signal", "vrrp.router=down", path],
                              capture_output=True, text=True)
        own = [each["address"] for each in json.loads(done.stdout)["addresses"]]
        check(len(own) >= 2, f"{role} on {node}: {own}")
        taken.update(own)
    check(not nodes or max(taken.values()) == 1, f"{role}: {taken}")
    return set(taken)


picture = xml.dom.minidom.parse(str(directory / "network.svg"))
check(len(picture.getElementsByTagName("text")) > 10, "network.svg says nothing")
attachments = set()
for path in directory.glob("**/networks.yaml"):
    attachments |= {each["metadata"]["name"] for each in documents(path)}
for path in sorted(directory.glob("**/kustomization.yaml")):
    check_base(path.parent)
for path in sorted(directory.glob("examples/*.yaml")) + sorted(directory.glob("flux/*.yaml")):
    for each in documents(path):
        check_schema(each, path.name)
        if each["kind"] == "Pod":
            check_template({"spec": {}}, each, {}, attachments, path.name)
        elif "template" in each["spec"]:
            check_template(each, each["spec"]["template"], {}, attachments, path.name)

states = sorted(path for path in directory.glob("**/*.json") if path.name != "net.json")
scratch = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"manifests-{os.getpid()}"
scratch.mkdir()
try:
    for path in sorted(directory.glob("app-template/*.yaml")):
        values, = documents(path)
        check({"controllers", "configMaps", "persistence"} == values.keys(), f"{path.name}: {values.keys()}")
        for name, text in values["configMaps"]["config"]["data"].items():
            states.append(scratch / name)
            states[-1].write_text(text)
    check_states(states)
    shared = check_routers("router") & check_routers("single-router")
    check(not shared, f"both kinds of routers have {shared}")
finally:
    shutil.rmtree(scratch)

for problem in problems:
    print(f"✘ {problem}")
print(f"{passed} passed, {len(problems)} failed")
sys.exit(bool(problems) or passed == 0)
