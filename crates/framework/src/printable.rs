//! Text that is safe to print on a terminal.
//!
//! A service, a file, an environment variable or a configuration may hold characters that move the cursor, change the
//! order of what follows, or cannot be seen. Here they become visible escapes, such as `\u{202e}`, and long texts become
//! shorter. Every text for the user passes through [`printable_text`] or [`printable_line`] on its way to the wire or to
//! the log; a text that has passed once does not change when it passes again.

/// The longest line of [`printable_text`], in characters, without the note that says how much was cut. The encoded message
/// of a denied access, which has to be pasted whole, is shorter.
const MAX_LINE: usize = 4000;

/// The longest text of [`printable_text`], in characters, without the note that says how much was cut.
const MAX_TEXT: usize = 16_000;

/// A text of several lines, safe to print. Line feed and tab stay, and `\r\n` becomes a line feed.
///
/// A line of more than 4,000 characters is cut, and of a text of more than 16,000 characters the lines in the middle are
/// left out, both with a note: the facts at the end of a detail stay.
#[must_use]
pub fn printable_text(text: &str) -> String {
    let lines: Vec<String> = text
        .replace("\r\n", "\n")
        .split('\n')
        .map(|line| escape(line, |c| c == '\t', MAX_LINE))
        .collect();
    shorten(&lines).unwrap_or_else(|| lines.join("\n"))
}

/// A text of one line, safe to print. Line feeds and tabs are escaped, too. Of more than `max` characters the rest is cut,
/// with a note.
#[must_use]
pub fn printable_line(text: &str, max: usize) -> String {
    escape(text, |_| false, max)
}

/// The characters of `text`, those that cannot be printed as escapes. If that makes more than `max` characters, the rest is
/// cut, between characters and never within an escape.
fn escape(text: &str, keep: impl Fn(char) -> bool, max: usize) -> String {
    // A note of an earlier pass is not counted, so that a second pass changes nothing.
    let max = max
        + if text.ends_with(NOTE_END) {
            MAX_NOTE
        } else {
            0
        };
    let mut printable = String::with_capacity(text.len());
    let mut length = 0;
    for (position, c) in text.chars().enumerate() {
        let before = printable.len();
        match c {
            // The ordinary space of Chinese typesetting. It is only wider than a blank.
            '\u{3000}' => printable.push(' '),
            c if keep(c) || is_printable(c) => printable.push(c),
            c => printable.extend(c.escape_default()),
        }
        length += printable[before..].chars().count();
        if length > max {
            printable.truncate(before);
            let left = text.chars().count() - position;
            printable.push_str(&format!("... ({left}{NOTE_END}"));
            break;
        }
    }
    printable
}

const NOTE_END: &str = " more characters)";
/// "... (", up to 20 digits, and the end.
const MAX_NOTE: usize = 5 + 20 + NOTE_END.len();

/// The beginning and the end of a text that is too long, by whole lines; `None` for one that is not.
fn shorten(lines: &[String]) -> Option<String> {
    let length = |line: &String| line.chars().count() + 1;
    // The notes in it do not count, so that a second pass changes nothing.
    if lines.iter().map(length).sum::<usize>() <= MAX_TEXT + MAX_NOTE {
        return None;
    }
    let fitting = |lines: &mut dyn Iterator<Item = &String>, max: usize| {
        let mut left = max;
        lines
            .take_while(|line| {
                let fits = length(line) <= left;
                left = left.saturating_sub(length(line));
                fits
            })
            .count()
    };
    let head = fitting(&mut lines.iter(), MAX_TEXT / 2);
    let tail = fitting(&mut lines[head..].iter().rev(), MAX_TEXT / 2);
    let omitted = lines.len() - head - tail;
    let mut kept = lines[..head].to_vec();
    kept.push(format!("({omitted} lines left out)"));
    kept.extend_from_slice(&lines[lines.len() - tail..]);
    Some(kept.join("\n"))
}

/// Whether a character shows as itself and only as itself.
///
/// The standard library knows which characters are assigned and neither control, format, surrogate, private nor separator.
/// Of these, a few cannot be seen all the same (Unicode's `Default_Ignorable_Code_Point`). Marks that combine with the
/// character before them are printable.
fn is_printable(c: char) -> bool {
    let is_invisible = matches!(
        c,
        '\u{034f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    if c.is_ascii() {
        return c == ' ' || c.is_ascii_graphic();
    }
    // A mark that combines is escaped where a text begins with it, so something stands before it.
    let mut buffer = [b'a'; 5];
    let length = 1 + c.encode_utf8(&mut buffer[1..]).len();
    let escaped = std::str::from_utf8(&buffer[..length])
        .unwrap_or_default()
        .escape_debug();
    !is_invisible && escaped.last() == Some(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By Unicode's tables, apart from the code above: what must never reach a terminal.
    fn is_dangerous(c: char) -> bool {
        matches!(c,
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
            || u32::from(c) & 0xfffe == 0xfffe
    }

    #[test]
    fn unprintable_characters_are_escaped() {
        let check = |text: &str, expected: &str| assert_eq!(printable_text(text), expected);
        check(
            "plain text, \"quoted\", 'so' and \\",
            "plain text, \"quoted\", 'so' and \\",
        );
        check(
            "Ünïcödé 阿里云 العربية हिन्दी 🙂",
            "Ünïcödé 阿里云 العربية हिन्दी 🙂",
        );
        check("a combining e\u{301}", "a combining e\u{301}");
        check("\u{301} first", "\u{301} first");
        check("lines\n\tand tabs", "lines\n\tand tabs");
        check(
            "of Windows\r\nof nobody\rend",
            "of Windows\nof nobody\\rend",
        );
        check(
            "\u{1b}[2J\u{1b}]0;title\u{7}",
            "\\u{1b}[2J\\u{1b}]0;title\\u{7}",
        );
        check("\u{9b}31m \u{7f} \u{0}", "\\u{9b}31m \\u{7f} \\u{0}");
        check("a\u{2028}b\u{2029}c\u{85}", "a\\u{2028}b\\u{2029}c\\u{85}");
        check(
            "\u{202e}txet\u{202c} \u{2066}\u{2069}",
            "\\u{202e}txet\\u{202c} \\u{2066}\\u{2069}",
        );
        check(
            "1\u{200b}2\u{200d}3\u{feff}\u{ad}",
            "1\\u{200b}2\\u{200d}3\\u{feff}\\u{ad}",
        );
        check(
            "\u{e000} \u{10fffd} \u{378} \u{ffff}",
            "\\u{e000} \\u{10fffd} \\u{378} \\u{ffff}",
        );
        check("\u{fe0f}\u{3164}\u{e0041}", "\\u{fe0f}\\u{3164}\\u{e0041}");
        check("a\u{3000}b\u{a0}c", "a b\\u{a0}c");
        assert_eq!(printable_line("a\nb\tc\r\nd", 100), "a\\nb\\tc\\r\\nd");
    }

    #[test]
    fn every_character_is_printed_or_escaped() {
        for c in '\0'..=char::MAX {
            let line = printable_line(&c.to_string(), 100);
            assert!(!line.contains(is_dangerous), "{c:?}");
            assert!(
                line == c.to_string() || line.starts_with('\\') || c == '\u{3000}',
                "{c:?}"
            );
        }
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        let check =
            |text: &str, max, expected: &str| assert_eq!(printable_line(text, max), expected);
        check("12345", 5, "12345");
        check("123456", 5, "12345... (1 more characters)");
        check("é阿🙂é阿🙂", 4, "é阿🙂é... (2 more characters)");
        check("12\u{202e}45", 5, "12... (3 more characters)");
        check("12\u{202e}45", 10, "12\\u{202e}... (2 more characters)");
    }

    #[test]
    fn facts_at_the_end_of_a_long_text_are_kept() {
        let page = "x".repeat(1_000_000);
        let text = printable_text(&format!("It failed.\n\n  Message: {page}\n  Code: A\n"));
        assert!(text.starts_with("It failed.\n\n  Message: xxx"));
        assert!(
            text.ends_with("x... (996011 more characters)\n  Code: A\n"),
            "{}",
            &text[3900..]
        );
        let text = printable_text(&format!(
            "It failed.\n{}\n  Code: A\n",
            "line\n".repeat(1_000_000)
        ));
        assert!(text.starts_with("It failed.\nline\n"));
        assert!(
            text.contains("\nline\n(996806 lines left out)\nline\n"),
            "{}",
            &text[7900..8100]
        );
        assert!(text.ends_with("line\n\n  Code: A\n"));
    }

    proptest! {
        #[test]
        fn only_printable_text_comes_out(text in ".*|\\PC*|[\\x00-\\u{2fff}]*", max in 0..50_usize) {
            let whole = printable_text(&text);
            prop_assert!(!whole.contains(|c| c != '\n' && c != '\t' && is_dangerous(c)));
            prop_assert_eq!(&printable_text(&whole), &whole);
            let line = printable_line(&text, max);
            prop_assert!(!line.contains(is_dangerous));
            prop_assert!(line.chars().count() <= max + MAX_NOTE);
            prop_assert_eq!(&printable_line(&line, max), &line);
        }

        #[test]
        fn texts_are_bounded(lines in proptest::collection::vec((0..20_000_usize, ".?"), 0..20)) {
            let lines: Vec<String> = lines.iter().map(|(count, part)| part.repeat(*count)).collect();
            let text = printable_text(&lines.join("\n"));
            prop_assert!(text.chars().count() <= MAX_TEXT + 2 * MAX_NOTE);
            prop_assert!(text.lines().all(|line| line.chars().count() <= MAX_LINE + MAX_NOTE));
            prop_assert_eq!(&printable_text(&text), &text);
        }
    }
}
