//! The file that is to be run: where it is, and what it is by how it begins.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{Environment, StdioSpec};

/// How much of a file is looked at.
const HEAD: u64 = 512;

/// What a file is that is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// A program of Linux and its like, for a machine that [`std::env::consts::ARCH`] calls so.
    Elf(Cow<'static, str>),
    /// A program of another system.
    Foreign(&'static str),
    /// A text whose first line names what is to run it.
    Script(String),
    /// It is empty.
    Empty,
    /// Text, or something that we do not know.
    Other,
    /// It cannot be read.
    Unreadable,
}

/// Where the program is, as whoever starts it looks for it.
pub(crate) fn find(spec: &StdioSpec) -> Option<PathBuf> {
    let program = Path::new(&spec.program);
    if program.components().count() > 1 {
        let folder = spec.cwd.as_deref().unwrap_or(Path::new(""));
        return Some(folder.join(program)).filter(|path| path.is_file());
    }
    let own = spec.env.iter().rev();
    let own = own.filter(|(name, _)| name == OsStr::new("PATH"));
    let path = own.map(|(_, value)| value.expose().to_owned()).next();
    let path = match spec.environment {
        Environment::Nothing => path,
        Environment::Minimal | Environment::Whole => path.or_else(|| std::env::var_os("PATH")),
    };
    std::env::split_paths(&path?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// What the file is.
pub(crate) fn form(path: &Path) -> Form {
    let mut head = Vec::new();
    match File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head)) {
        Ok(_) => of(&head),
        Err(_) => Form::Unreadable,
    }
}

impl Form {
    /// Whether a file of this form cannot be run by this system, whatever is installed: what it is instead.
    pub(crate) fn mismatch(&self) -> Option<String> {
        let here = std::env::consts::ARCH;
        match self {
            Self::Elf(machine) if !runs(machine, here) => Some(format!(
                "a program for {machine}, and this machine is {here}"
            )),
            Self::Foreign(what) if !is_ours(what) => Some(format!(
                "a program of {what}, and this system is {}",
                std::env::consts::OS
            )),
            Self::Empty => Some("an empty file".to_owned()),
            _ => None,
        }
    }

    /// What to do about a file that the system does not know how to run.
    pub(super) fn advice(&self) -> Cow<'static, str> {
        match self.mismatch() {
            Some(_) if *self == Self::Empty => "it is an empty file: install it again".into(),
            Some(what) => format!("it is {what}: install the build for this one").into(),
            None if *self == Self::Other => {
                "if it is a script, begin it with a line such as `#!/bin/sh`".into()
            }
            None => "install the build for this machine".into(),
        }
    }
}

/// Machines run programs of their smaller sisters.
fn runs(machine: &str, here: &str) -> bool {
    matches!(
        (machine, here),
        ("x86", "x86_64") | ("arm", "aarch64") | ("mips", "mips64") | ("powerpc", "powerpc64")
    ) || machine == here
}

fn is_ours(system: &str) -> bool {
    matches!(
        (system, std::env::consts::OS),
        ("Windows", "windows") | ("macOS", "macos")
    )
}

fn of(head: &[u8]) -> Form {
    match head {
        [] => Form::Empty,
        [0x7f, b'E', b'L', b'F', rest @ ..] => elf(rest),
        [b'#', b'!', rest @ ..] => {
            let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
            Form::Script(interpreter(&String::from_utf8_lossy(line)))
        }
        [b'M', b'Z', ..] => Form::Foreign("Windows"),
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => {
            Form::Foreign("macOS")
        }
        _ => Form::Other,
    }
}

/// The program that a first line names: with `env`, the one that is looked for.
fn interpreter(line: &str) -> String {
    let mut words = line.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    let of_env = match Path::new(first).file_name() {
        Some(name) if name == "env" => words.find(|word| !word.starts_with('-')),
        _ => None,
    };
    let shown = of_env.unwrap_or(first).escape_debug();
    shown.take(100).collect()
}

/// `rest` stands behind the magic number.
fn elf(rest: &[u8]) -> Form {
    let [class, order, ..] = rest else {
        return Form::Other;
    };
    let machine = match (rest.get(14..16), order) {
        (Some(&[low, high]), 1) => u16::from_le_bytes([low, high]),
        (Some(&[high, low]), 2) => u16::from_be_bytes([high, low]),
        _ => return Form::Other,
    };
    let wide = *class == 2;
    Form::Elf(match machine {
        3 => "x86".into(),
        8 if wide => "mips64".into(),
        8 => "mips".into(),
        20 => "powerpc".into(),
        21 => "powerpc64".into(),
        22 => "s390x".into(),
        40 => "arm".into(),
        62 => "x86_64".into(),
        183 => "aarch64".into(),
        243 if wide => "riscv64".into(),
        243 => "riscv32".into(),
        258 => "loongarch64".into(),
        other => format!("machine {other} of ELF").into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf_for(machine: u16) -> Vec<u8> {
        let mut head = b"\x7fELF\x02\x01\x01".to_vec();
        head.resize(18, 0);
        head.extend(machine.to_le_bytes());
        head
    }

    #[test]
    fn a_file_is_known_by_how_it_begins() {
        for (head, form) in [
            (&b""[..], Form::Empty),
            (b"\x7fELF", Form::Other),
            (b"#!/bin/sh -e\nls", Form::Script("/bin/sh".into())),
            (
                b"#! /usr/bin/env -S node --x\n",
                Form::Script("node".into()),
            ),
            (b"#!", Form::Script(String::new())),
            (b"MZ\x90", Form::Foreign("Windows")),
            (b"\xcf\xfa\xed\xfe", Form::Foreign("macOS")),
            (b"console.log(1)", Form::Other),
        ] {
            assert_eq!(of(head), form);
        }
        assert_eq!(of(&elf_for(183)), Form::Elf("aarch64".into()));
        assert_eq!(of(&elf_for(9999)), Form::Elf("machine 9999 of ELF".into()));
    }

    #[test]
    fn a_program_for_another_machine_is_one() {
        let foreign = of(&elf_for(22));
        let told = foreign.mismatch().expect("no test machine is an s390x");
        assert!(told.starts_with("a program for s390x, and this machine is "));
        let own = Form::Elf(std::env::consts::ARCH.into());
        assert_eq!(own.mismatch(), None);
        assert!(runs("x86", "x86_64") && !runs("x86_64", "x86"));
    }
}
