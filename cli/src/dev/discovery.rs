//! Where definitions are: files named `*.asl.json` and the like, and templates with state machines.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use ignore::{DirEntry, WalkBuilder};

use super::{template, watch::Seen};

/// Folders that hold what was built or installed, not what was written. What git ignores is left out
/// besides, and what is hidden.
const LEFT_OUT: &[&str] = &["node_modules", "target", "cdk.out", "__pycache__", "vendor"];

/// What is in the folder of a Python environment, whatever that is called.
///
/// Python: [venv](https://docs.python.org/3/library/venv.html).
const PYTHON_ENVIRONMENT: &str = "pyvenv.cfg";

/// Files and folders that are looked at. Where there are more, it is not a project.
const ENTRIES_MAX: usize = 50_000;

/// Bytes of a template. CloudFormation takes no more.
const TEMPLATE_BYTES_MAX: u64 = 1 << 20;

/// What was found, in the order of the paths.
#[derive(Default)]
pub(super) struct Discovered {
    pub(super) definitions: Vec<PathBuf>,
    pub(super) templates: Vec<PathBuf>,
    /// All that was looked at, as it was before it was read.
    pub(super) seen: Seen,
    /// Whether there was more than is looked at.
    pub(super) is_cut_short: bool,
    /// Paths that were given, and are not there.
    pub(super) missing: Vec<PathBuf>,
}

/// Looks into files and folders.
pub(super) fn discover(paths: &[PathBuf]) -> Discovered {
    let mut discovered = Discovered::default();
    let mut left = ENTRIES_MAX;
    for path in paths {
        if !path.exists() {
            discovered.seen.note(path);
            discovered.missing.push(path.clone());
            continue;
        }
        let walk = WalkBuilder::new(path)
            .require_git(false)
            .sort_by_file_name(OsStr::cmp)
            .filter_entry(is_looked_at)
            .build();
        // What cannot be read holds nothing that could be.
        for entry in walk.flatten() {
            if left == 0 {
                discovered.is_cut_short = true;
                return discovered;
            }
            left -= 1;
            discovered.take(&entry);
        }
    }
    discovered
}

fn is_looked_at(entry: &DirEntry) -> bool {
    let is_given = entry.depth() == 0;
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    let name = entry.file_name().to_string_lossy();
    let is_left_out =
        || LEFT_OUT.contains(&&*name) || entry.path().join(PYTHON_ENVIRONMENT).exists();
    is_given || !(is_folder && is_left_out())
}

impl Discovered {
    fn take(&mut self, entry: &DirEntry) {
        let path = entry.path();
        if entry.file_type().is_some_and(|kind| kind.is_dir()) {
            self.seen.note(path);
            return;
        }
        let is_given = entry.depth() == 0;
        if !(is_given || has_extension(path, &["json", "yaml", "yml", "template"])) {
            return;
        }
        self.seen.note(path);
        if is_named_definition(path) {
            self.definitions.push(path.to_owned());
        } else if is_template(path) {
            self.templates.push(path.to_owned());
        } else if is_given {
            self.definitions.push(path.to_owned());
        }
    }
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    extensions.contains(&&*extension)
}

/// `*.asl.json`, `*.asl.yaml`, `*.asl.yml`.
fn is_named_definition(path: &Path) -> bool {
    let stem = Path::new(path.file_stem().unwrap_or_default());
    has_extension(path, &["json", "yaml", "yml"]) && has_extension(stem, &["asl"])
}

fn is_template(path: &Path) -> bool {
    let is_small = fs::metadata(path).is_ok_and(|found| found.len() <= TEMPLATE_BYTES_MAX);
    is_small && fs::read_to_string(path).is_ok_and(|text| template::has_machines(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_and_templates_are_found_and_what_was_built_is_not() {
        let folder = std::env::temp_dir().join(format!("segno-discovery-{}", std::process::id()));
        let template = "Type: AWS::Serverless::StateMachine";
        for (file, text) in [
            (".gitignore", "build/\n"),
            ("b/refund.asl.yaml", ""),
            ("a/order.asl.json", ""),
            ("a/order.json", "{}"),
            ("template.yaml", template),
            ("other.yaml", "Type: AWS::SQS::Queue"),
            ("build/order.asl.json", ""),
            (".aws-sam/order.asl.json", ""),
            ("node_modules/x/order.asl.json", ""),
            ("python-3/pyvenv.cfg", ""),
            ("python-3/lib/order.asl.json", ""),
            ("cdk.out/stack.template.json", template),
        ] {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = discover(std::slice::from_ref(&folder));
        let expected = ["a/order.asl.json", "b/refund.asl.yaml"].map(|file| folder.join(file));
        assert_eq!(found.definitions, expected);
        assert_eq!(found.templates, [folder.join("template.yaml")]);
        let given = discover(&[
            folder.join("cdk.out"),
            folder.join("a/order.json"),
            folder.join("no"),
        ]);
        assert_eq!(
            given.templates,
            [folder.join("cdk.out/stack.template.json")]
        );
        assert_eq!(given.definitions, [folder.join("a/order.json")]);
        assert_eq!(given.missing, [folder.join("no")]);
        fs::remove_dir_all(folder).unwrap();
    }
}
