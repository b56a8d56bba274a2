//! Diagnostics as Terraform prints them on a terminal of 80 columns, for snapshots.

use framework::{AttributePath, Diagnostic, Severity};

/// The width that Terraform wraps to: 80 columns without the rule at the left.
const WIDTH: usize = 78;

/// Severity, summary, attribute and wrapped detail. Terraform does not wrap a line that begins with a blank.
pub(crate) fn printed<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        if !text.is_empty() {
            text.push('\n');
        }
        let severity = match diagnostic.severity {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
        };
        text.push_str(&format!("{severity}: {}\n", diagnostic.summary));
        if diagnostic.attribute != AttributePath::root() {
            text.push_str(&format!("  at {}\n", diagnostic.attribute));
        }
        for line in diagnostic.detail.lines() {
            text.push('\n');
            text.push_str(&wrapped(line));
        }
        text.push('\n');
    }
    text
}

fn wrapped(line: &str) -> String {
    if line.starts_with(' ') {
        return line.to_owned();
    }
    let mut text = String::new();
    let mut column = 0;
    for word in line.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text
}

#[test]
fn paragraphs_wrap_and_indented_lines_do_not() {
    let long = "word ".repeat(20);
    let detail = format!("{long}\n\n  {long}");
    expect_test::expect![[r#"
        Error: Summary

        word word word word word word word word word word word word word word word
        word word word word word 

          word word word word word word word word word word word word word word word word word word word word 
    "#]].assert_eq(&printed(&[Diagnostic::error("Summary", detail)]));
}
