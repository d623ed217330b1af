//! A Dockerfile as a list of instructions, and the rules that it must keep beside hadolint's.

/// One instruction with its continued lines joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instruction {
    pub(crate) keyword: String,
    pub(crate) rest: String,
}

/// From one `FROM` to the next.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) image: String,
    pub(crate) name: Option<String>,
    pub(crate) instructions: Vec<Instruction>,
}

pub(crate) fn stages(text: &str) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for instruction in instructions(text) {
        if instruction.keyword == "FROM" {
            let words: Vec<&str> = instruction.rest.split_whitespace().filter(|word| !word.starts_with("--")).collect();
            let name = (words.len() == 3 && words[1].eq_ignore_ascii_case("as")).then(|| words[2].to_owned());
            stages.push(Stage { image: words[0].to_owned(), name, instructions: Vec::new() });
        } else if let Some(stage) = stages.last_mut() {
            stage.instructions.push(instruction);
        }
    }
    stages
}

fn instructions(text: &str) -> Vec<Instruction> {
    let mut instructions = Vec::new();
    let mut joined = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(begun) = line.strip_suffix('\\') {
            joined.push_str(begun);
        } else {
            joined.push_str(line);
            let (keyword, rest) = joined.split_once(' ').unwrap();
            instructions.push(Instruction { keyword: keyword.to_ascii_uppercase(), rest: rest.trim().to_owned() });
            joined.clear();
        }
    }
    instructions
}

/// The words of the exec form, none in the shell form.
pub(crate) fn exec_form(text: &str) -> Option<Vec<String>> {
    serde_json::from_str(text).ok()
}

/// `--from=build --chown=1:1 a b` as options and paths.
pub(crate) fn options_and_paths(rest: &str) -> (Vec<&str>, Vec<&str>) {
    rest.split_whitespace().partition(|word| word.starts_with("--"))
}

/// What breaks a rule, in words.
pub(crate) fn faults(text: &str) -> Vec<String> {
    let stages = stages(text);
    let mut faults = Vec::new();
    let mut fault = |what: String| faults.push(what);
    let known: Vec<&str> = stages.iter().filter_map(|stage| stage.name.as_deref()).collect();
    for stage in &stages {
        if !known.contains(&stage.image.as_str()) && !is_pinned(&stage.image) {
            fault(format!("the image {} is not pinned", stage.image));
        }
        for Instruction { keyword, rest } in &stage.instructions {
            match keyword.as_str() {
                "ADD" => fault("ADD: COPY copies and does nothing else".to_owned()),
                "RUN" => run_faults(stage, rest).into_iter().for_each(&mut fault),
                "COPY" => copy_faults(rest, &known).into_iter().for_each(&mut fault),
                "WORKDIR" if !rest.starts_with('/') => fault(format!("WORKDIR {rest} depends on the one before")),
                "CMD" | "ENTRYPOINT" if exec_form(rest).is_none() => {
                    fault(format!("{keyword} {rest} runs a shell, which takes the signals"));
                }
                "ENV" | "ARG" if holds_secret(rest) => {
                    fault(format!("{keyword} {rest} stays in the image for anyone to read"));
                }
                _ => {}
            }
        }
    }
    if let Some(last) = stages.last() {
        for keyword in ["CMD", "ENTRYPOINT", "HEALTHCHECK", "USER"] {
            let count = last.instructions.iter().filter(|one| one.keyword == keyword).count();
            if count != 1 {
                fault(format!("{keyword} is there {count} times in the last stage"));
            }
        }
        for one in &last.instructions {
            let user = one.rest.split(':').next().unwrap();
            if one.keyword == "USER" && user.parse::<u32>().map_or(true, |id| id == 0) {
                fault(format!("USER {}: a number that is not root's, so that anybody can check it", one.rest));
            }
            if one.keyword == "HEALTHCHECK" && one.rest.split_once("CMD ").and_then(|(_, cmd)| exec_form(cmd)).is_none()
            {
                fault("HEALTHCHECK needs a shell, and none is there".to_owned());
            }
        }
    }
    faults
}

/// A tag that says which version, or a digest.
fn is_pinned(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or(image);
    image.contains("@sha256:") || last.split_once(':').is_some_and(|(_, tag)| !tag.is_empty() && tag != "latest")
}

fn holds_secret(rest: &str) -> bool {
    let name = rest.split(['=', ' ']).next().unwrap_or_default().to_ascii_uppercase();
    ["TOKEN", "SECRET", "PASSWORD", "_KEY", "DATABASE_URL"].iter().any(|word| name.contains(word))
}

fn copy_faults(rest: &str, known: &[&str]) -> Vec<String> {
    let (options, paths) = options_and_paths(rest);
    let mut faults = Vec::new();
    let Some((target, sources)) = paths.split_last() else { return vec!["COPY of nothing".to_owned()] };
    if sources.len() > 1 && !target.ends_with('/') {
        faults.push(format!("COPY {rest}: several files need a folder, with `/` at its end"));
    }
    if sources.iter().any(|source| matches!(*source, "." | "./" | "/" | "*")) {
        faults.push(format!("COPY {rest}: what goes in is named, so that nothing else does"));
    }
    if let Some(from) = options.iter().find_map(|option| option.strip_prefix("--from="))
        && !known.contains(&from)
        && !is_pinned(from)
    {
        faults.push(format!("COPY --from={from}: no such stage"));
    }
    faults
}

fn run_faults(stage: &Stage, command: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |what: &str| faults.push(format!("RUN {command}: {what}"));
    let is_piped = command.replace("||", "").contains('|');
    let has_pipefail = stage.instructions.iter().any(|one| one.keyword == "SHELL" && one.rest.contains("pipefail"));
    if is_piped && !has_pipefail {
        fault("what fails before a pipe is not seen without SHELL … -o pipefail");
    }
    if command.contains("apt-get install") {
        if !command.contains("--no-install-recommends") {
            fault("apt-get without --no-install-recommends");
        }
        if !command.contains("apt-get update") {
            fault("apt-get install with lists of an older layer");
        }
        if !command.contains("rm -rf /var/lib/apt/lists") {
            fault("the lists of apt-get stay in the layer");
        }
    }
    let words: Vec<&str> = command.split_whitespace().collect();
    for (what, is_so) in [
        ("sudo", words.contains(&"sudo")),
        ("`cd` holds for this layer alone: WORKDIR", words.first() == Some(&"cd")),
        ("apt is for people", words.windows(2).any(|pair| pair == ["apt", "install"])),
        ("an upgrade makes another image each time", words.windows(2).any(|pair| pair == ["apt-get", "upgrade"])),
        ("cargo build without --locked", command.contains("cargo build") && !command.contains("--locked")),
        ("what is fetched is not checked", command.contains("curl ") || command.contains("wget ")),
    ] {
        if is_so {
            fault(what);
        }
    }
    faults
}
