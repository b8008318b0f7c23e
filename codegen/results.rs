// SPDX-License-Identifier: Apache-2.0

//! Reads src/results.txt, and writes the Rust of what it says.

/// The longest words of a result, in bytes: with the longest detail they fit into
/// CLIENT_CERT_REASON_SIZE.
const MAX_WORDS: usize = 119;

/// The enums that a line can name, with their documentation.
const ENUMS: [(&str, &str); 3] = [
    ("Error", "Why something could not be done."),
    ("MalformedValue", "What is wrong with the form of a value."),
    ("Refusal", "Why a value is not believed."),
];

/// What precedes every name of MalformedValue's, but in Rust.
const MALFORMED_PREFIX: &str = "Value";

/// One line of the table.
#[derive(Debug)]
struct Row<'a> {
    number: u32,
    kind: &'a str,
    enums: Vec<&'a str>,
    name: &'a str,
    words: &'a str,
}

/// The table, of which each line is as it should be.
#[derive(Debug)]
pub struct Results<'a>(Vec<Row<'a>>);

impl<'a> Results<'a> {
    /// What is wrong with the table, with the number of the line.
    pub fn read(text: &'a str) -> Result<Self, String> {
        let mut rows: Vec<Row<'a>> = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let at = |message| format!("line {number}: {message}");
            let row = Row::read(line).map_err(at)?;
            if rows.iter().any(|other| other.number == row.number) {
                return Err(at(format!("the number {} is there twice", row.number)));
            }
            if rows.iter().any(|other| other.name == row.name) {
                return Err(at(format!("the name {} is there twice", row.name)));
            }
            if rows.last().is_some_and(|last| last.number > row.number) {
                return Err(at(format!("the number {} is not in order", row.number)));
            }
            rows.push(row);
        }
        Ok(Self(rows))
    }

    /// The Rust of one of the enums, with its words.
    pub fn enumeration(&self, name: &str) -> String {
        let about = ENUMS.iter().find(|(other, _)| *other == name).expect("one of the enums").1;
        let mut variants = String::new();
        let mut reasons = String::new();
        let mut names = String::new();
        let mut all = String::new();
        for row in self.of(name) {
            let variant = row.variant(name);
            variants += &row.documented(variant);
            reasons += &format!("            Self::{variant} => c{:?},\n", row.words);
            names += &format!("            Self::{variant} => {:?},\n", row.stable_name());
            all += &format!("Self::{variant}, ");
        }
        format!(
            "/// {about}\n\
             #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\n\
             pub enum {name} {{\n{variants}}}\n\n\
             impl {name} {{\n    \
                 /// Each of them.\n    \
                 pub const ALL: &[Self] = &[{all}];\n\n    \
                 /// The reason, fit for a line of an error log.\n    \
                 #[must_use]\n    \
                 pub const fn reason(self) -> &'static std::ffi::CStr {{\n        \
                     match self {{\n{reasons}        }}\n    \
                 }}\n\n    \
                 /// The name that never changes, for programs: words in lower case, with hyphens.\n    \
                 #[must_use]\n    \
                 pub const fn name(self) -> &'static str {{\n        \
                     match self {{\n{names}        }}\n    \
                 }}\n\
             }}\n"
        )
    }

    /// The Rust of the C enum, of what makes one of the other enums, and of what is asked by
    /// number.
    pub fn c_enumeration(&self) -> String {
        let mut variants = String::new();
        let mut messages = String::new();
        let mut all = String::new();
        for row in &self.0 {
            let Row { number, name, words, .. } = row;
            variants += &row.documented(&format!("{name} = {number}"));
            messages += &format!("        {number} => c{words:?},\n");
            all += &format!("Self::{name}, ");
        }
        let mut output = format!(
            "/// How a function ended. The numbers never change.\n\
             ///\n\
             /// CLIENT_CERT_RESULT_PANIC is a mistake in the library; the objects involved can still be\n\
             /// used and freed.\n\
             #[repr(C)]\n\
             #[derive(Clone, Copy, Debug, PartialEq, Eq)]\n\
             pub enum ClientCertResult {{\n{variants}}}\n\n\
             impl ClientCertResult {{\n    \
                 /// Each of them.\n    \
                 #[cfg(test)]\n    \
                 pub(crate) const ALL: &[Self] = &[{all}];\n\
             }}\n\n\
             /// The words for a number. It comes from C, so it can be any.\n\
             pub(super) const fn message(result: u32) -> &'static std::ffi::CStr {{\n    \
                 match result {{\n{messages}        _ => c\"unknown result\",\n    }}\n\
             }}\n"
        );
        for (name, _) in ENUMS {
            let arms: String = self
                .of(name)
                .map(|row| {
                    format!("            {name}::{} => Self::{},\n", row.variant(name), row.name)
                })
                .collect();
            output += &format!(
                "\nimpl From<{name}> for ClientCertResult {{\n    \
                     fn from(reason: {name}) -> Self {{\n        \
                         match reason {{\n{arms}        }}\n    \
                     }}\n\
                 }}\n"
            );
        }
        output
    }

    /// What one of the enums has.
    fn of(&self, name: &str) -> impl Iterator<Item = &Row<'a>> {
        self.0.iter().filter(move |row| row.enums.contains(&name))
    }
}

impl<'a> Row<'a> {
    fn read(line: &'a str) -> Result<Self, String> {
        let mut rest = line;
        let mut column = || {
            let (column, after) = rest.split_once(' ').unwrap_or((rest, ""));
            rest = after.trim_start();
            column
        };
        let (number, kind, enums, name) = (column(), column(), column(), column());
        let row = Self {
            number: number.parse().map_err(|_| format!("{number:?} is not a number"))?,
            kind,
            enums: if enums == "-" { Vec::new() } else { enums.split(',').collect() },
            name,
            words: rest,
        };
        row.check()?;
        Ok(row)
    }

    fn check(&self) -> Result<(), String> {
        let Self { kind, enums, name, words, .. } = self;
        if !["ok", "fault", "malformed", "refused"].contains(kind) {
            return Err(format!("{kind:?} is no kind"));
        }
        for (index, known) in enums.iter().enumerate() {
            if !ENUMS.iter().any(|(other, _)| other == known) || enums[..index].contains(known) {
                return Err(format!("{known:?} is no enum, or is there twice"));
            }
        }
        if enums.contains(&"MalformedValue") != (*kind == "malformed") {
            return Err("MalformedValue has what is malformed, and nothing else".to_owned());
        }
        if enums.contains(&"Refusal") && *kind != "refused" {
            return Err("Refusal has what is refused, and nothing else".to_owned());
        }
        let stem =
            if *kind == "malformed" { name.strip_prefix(MALFORMED_PREFIX) } else { Some(*name) };
        let Some(stem) = stem else {
            return Err(format!("a malformed value's name starts with {MALFORMED_PREFIX}"));
        };
        if !stem.starts_with(|first: char| first.is_ascii_uppercase())
            || !stem.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(format!("{name:?} is no name of a variant"));
        }
        if words.is_empty() || words.len() > MAX_WORDS {
            return Err(format!("the words are {} bytes, not 1 to {MAX_WORDS}", words.len()));
        }
        if !words.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err("the words are not printable ASCII".to_owned());
        }
        if words.ends_with(['.', ' ']) {
            return Err("the words end with a full stop or a space".to_owned());
        }
        Ok(())
    }

    /// Its name for programs: `crl-out-of-date` of CrlOutOfDate.
    fn stable_name(&self) -> String {
        let mut name = String::new();
        for character in self.name.chars() {
            if character.is_ascii_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(character.to_ascii_lowercase());
        }
        name
    }

    /// Its name in an enum.
    fn variant(&self, enumeration: &str) -> &'a str {
        let prefix = if enumeration == "MalformedValue" { MALFORMED_PREFIX } else { "" };
        self.name.strip_prefix(prefix).unwrap_or(self.name)
    }

    /// A variant with the words as a sentence before it, in lines of at most 100 characters.
    fn documented(&self, variant: &str) -> String {
        let (first, rest) = self.words.split_at(1);
        let mut output = String::new();
        let mut line = String::from("    ///");
        for word in format!("{}{rest}.", first.to_uppercase()).split(' ') {
            if line.len() + word.len() >= 96 {
                output += &line;
                line = String::from("\n    ///");
            }
            line += " ";
            line += word;
        }
        format!("{output}{line}\n    {variant},\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_lines_are_named() {
        let long = "x".repeat(MAX_WORDS + 1);
        let long = format!("7 fault - Seven {long}");
        for (line, wrong) in [
            ("", ""),
            ("# 5", ""),
            ("7 fault - Seven seven", ""),
            ("7  refused  Error,Refusal  Seven  seven, in words", ""),
            ("7 malformed MalformedValue ValueSeven seven", ""),
            ("5 fault - Seven seven", "the number 5 is there twice"),
            ("7 fault - Five seven", "the name Five is there twice"),
            ("4 fault - Four four", "the number 4 is not in order"),
            ("seven fault - Seven seven", "\"seven\" is not a number"),
            ("-7 fault - Seven seven", "\"-7\" is not a number"),
            ("7 bad - Seven seven", "\"bad\" is no kind"),
            ("7 fault Errors Seven seven", "\"Errors\" is no enum, or is there twice"),
            ("7 fault Error,Error Seven seven", "\"Error\" is no enum, or is there twice"),
            (
                "7 malformed - ValueSeven seven",
                "MalformedValue has what is malformed, and nothing else",
            ),
            (
                "7 fault MalformedValue Seven seven",
                "MalformedValue has what is malformed, and nothing else",
            ),
            ("7 fault Refusal Seven seven", "Refusal has what is refused, and nothing else"),
            (
                "7 malformed MalformedValue Seven seven",
                "a malformed value's name starts with Value",
            ),
            ("7 malformed MalformedValue Value seven", "\"Value\" is no name of a variant"),
            ("7 fault - seven seven", "\"seven\" is no name of a variant"),
            ("7 fault - Sev\u{e9}n seven", "\"Sev\u{e9}n\" is no name of a variant"),
            ("7 fault -", "\"\" is no name of a variant"),
            ("7 fault - Seven", "the words are 0 bytes, not 1 to 119"),
            (&long, "the words are 120 bytes, not 1 to 119"),
            ("7 fault - Seven sev\u{e9}n", "the words are not printable ASCII"),
            ("7 fault - Seven seven\teight", "the words are not printable ASCII"),
            ("7 fault - Seven seven.", "the words end with a full stop or a space"),
        ] {
            let table = format!("# A table\n\n5 fault - Five five\n{line}\n");
            let expected = if wrong.is_empty() { Ok(()) } else { Err(format!("line 4: {wrong}")) };
            assert_eq!(Results::read(&table).map(drop), expected, "{line}");
        }
    }
}
