//! Copies of the circuits with something changed: what looks at the circuits must notice.

use crate::sh::Result;
use std::fs;
use std::path::Path;

/// A directory with all that is in it, in the place of what has been there.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    if to.is_dir() {
        fs::remove_dir_all(to).map_err(|e| format!("{}: {e}", to.display()))?;
    }
    copy_all(from, to)
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).map_err(|e| format!("{}: {e}", to.display()))?;
    for entry in fs::read_dir(from).map_err(|e| format!("{}: {e}", from.display()))? {
        let entry = entry.map_err(|e| format!("{}: {e}", from.display()))?;
        let (here, there) = (entry.path(), to.join(entry.file_name()));
        if here.is_dir() {
            copy_all(&here, &there)?;
        } else {
            fs::copy(&here, &there).map_err(|e| format!("{}: {e}", here.display()))?;
        }
    }
    Ok(())
}

/// Replaces the one occurrence of a text.
pub fn replace(path: &Path, from: &str, to: &str) -> Result<()> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let changed = replaced(&text, from, to).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(fs::write(path, changed).map_err(|e| format!("{}: {e}", path.display()))?)
}

fn replaced(text: &str, from: &str, to: &str) -> Result<String> {
    if from == to {
        return Err(format!("nothing changes: `{from}`").into());
    }
    match text.matches(from).count() {
        1 => Ok(text.replacen(from, to, 1)),
        0 => Err(format!("`{from}` does not occur").into()),
        count => Err(format!("`{from}` occurs {count} times").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_occurrence_is_replaced() {
        assert_eq!(replaced("a <= b; c <= d;", "b; c", "e; f").expect("once"), "a <= e; f <= d;");
        let error = |from, to| replaced("a <= b; c <= d;", from, to).expect_err("not once").to_string();
        assert_eq!(error("<=", "="), "`<=` occurs 2 times");
        assert_eq!(error("e", "f"), "`e` does not occur");
        assert_eq!(error("b", "b"), "nothing changes: `b`");
    }

    #[test]
    fn a_copy_has_all_and_nothing_else() {
        let place = tempfile::tempdir().expect("a directory");
        let (from, to) = (place.path().join("from"), place.path().join("to"));
        for (file, text) in [("from/a", "1"), ("from/in/b", "2"), ("to/old", "3")] {
            let path = place.path().join(file);
            fs::create_dir_all(path.parent().expect("is in one")).expect("can be made");
            fs::write(path, text).expect("can be written");
        }
        copy(&from, &to).expect("is copied");
        assert_eq!(fs::read_to_string(to.join("in/b")).expect("is there"), "2");
        assert!(to.join("a").is_file() && !to.join("old").exists());
        let error = copy(&place.path().join("none"), &to).expect_err("is not there").to_string();
        assert!(error.contains("none: "), "{error}");
    }
}
