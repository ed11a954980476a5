//! Where a report is written: stdout, and the files that the user named.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::exit::{Failure, INPUT, USAGE};
use crate::cli::globals::MessageFormat;
use crate::load::{Report, html, text};

/// A file that gets the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReportFile {
    path: PathBuf,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Html,
}

impl ReportFile {
    /// The end of its name decides the form.
    ///
    /// # Errors
    /// [`USAGE`] when it decides nothing.
    pub(super) fn new(path: &Path) -> Result<Self, Failure> {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let form = match extension.as_str() {
            "json" => Form::Json,
            "html" => Form::Html,
            _ => {
                let text =
                    format!("--report {}: expected a name in .json or .html", path.display());
                return Err(Failure::new(USAGE, text));
            }
        };
        Ok(Self { path: path.to_owned(), form })
    }

    /// Finds out before a long run that the file cannot be written after it. What is in it stays.
    pub(super) fn try_open(&self) -> Result<(), Failure> {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.path)
            .map(drop)
            .map_err(|error| self.failure(&error))
    }

    /// Writes the report.
    pub(super) fn write(&self, report: &Report) -> Result<(), Failure> {
        let content = match self.form {
            Form::Json => json(report).map_err(|error| self.failure(&error))?,
            Form::Html => html::page(report),
        };
        std::fs::write(&self.path, content).map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &io::Error) -> Failure {
        Failure::new(INPUT, format!("--report {}: {error}", self.path.display()))
    }
}

/// Writes the report to stdout in the form that was asked for. A reader that has gone is no error.
pub(super) fn write(
    report: &Report,
    format: MessageFormat,
    output: &mut dyn Write,
) -> io::Result<()> {
    let content = match format {
        MessageFormat::Json => json(report)?,
        MessageFormat::Human => text::summary(report),
    };
    match output.write_all(content.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// One line.
fn json(report: &Report) -> io::Result<String> {
    let mut line = serde_json::to_string(report)?;
    line.push('\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_the_form() {
        let form = |name: &str| ReportFile::new(Path::new(name)).map(|file| file.form);
        assert_eq!(form("a.json").unwrap(), Form::Json);
        assert_eq!(form("x/a.b.HTML").unwrap(), Form::Html);
        for bad in ["a", "a.txt", ".html", "json", ""] {
            let failure = form(bad).unwrap_err();
            assert_eq!(failure.code, USAGE, "{failure}");
        }
    }

    #[test]
    fn json_is_one_line_and_one_object() {
        let mut output = Vec::new();
        let report = Report { scenario: "a\nb".to_owned(), ..Report::default() };
        write(&report, MessageFormat::Json, &mut output).unwrap();
        let text = String::from_utf8(output).unwrap();
        assert_eq!(text.lines().count(), 1);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["scenario"], "a\nb");
    }

    #[test]
    fn a_file_is_tried_before_and_written_after() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["r.json", "r.html"] {
            let path = directory.path().join(name);
            std::fs::write(&path, "older").unwrap();
            let file = ReportFile::new(&path).unwrap();
            file.try_open().unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "older");
            file.write(&Report::default()).unwrap();
            assert!(!std::fs::read_to_string(&path).unwrap().contains("older"));
        }
        let nowhere = ReportFile::new(&directory.path().join("no/r.json")).unwrap();
        let failure = nowhere.try_open().unwrap_err();
        assert_eq!(failure.code, INPUT);
        assert!(failure.message.contains("no/r.json: "), "{failure}");
    }
}
