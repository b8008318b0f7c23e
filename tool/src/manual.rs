// SPDX-License-Identifier: Apache-2.0

//! The manual page, and completions: both are made of the command line's own description.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::Cli;

/// Examples, and what else a manual page ends with.
const LAST_SECTIONS: &str = r#".SH EXAMPLES
What is in this header, and what is wrong with it? The request is pasted, and ends with Ctrl\-D:
.PP
.RS 4
.EX
client\-cert show
.EE
.RE
.PP
Would an origin accept it that was configured so, when it came?
.PP
.RS 4
.EX
client\-cert verify \-\-trust ca.pem \-\-trust\-name proxy.example \-\-peer proxy.pem \e
    \-\-at 2026\-11\-26T03:00:00Z request.txt
.EE
.RE
.PP
A value to try an origin with:
.PP
.RS 4
.EX
client\-cert sign \-\-signer proxy.pem alice.pem
.EE
.RE
.SH "EXIT STATUS"
.TP
.B 0
All is well.
.TP
.B 1
The value is not verified. Of
.BR show :
no configuration accepts it.
.TP
.B 2
The command line, or a file that it names, cannot be used.
.SH "SEE ALSO"
.BR openssl\-cms (1),
.BR apache2 (8),
RFC 5652, RFC 9440
"#;

/// Writes the manual page: the commands with their options are sections of one page.
pub fn man(mut output: impl Write) -> io::Result<()> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let main = Man::new(command.clone()).title("CLIENT-CERT").section("1");
    main.render_title(&mut output)?;
    main.render_name_section(&mut output)?;
    writeln!(output, ".SH SYNOPSIS")?;
    for subcommand in shown(&command) {
        writeln!(output, "{}", synopsis(subcommand)?)?;
        writeln!(output, ".br")?;
    }
    main.render_description_section(&mut output)?;
    for subcommand in shown(&command) {
        writeln!(output, ".SH \"{}\"", subcommand.get_name().to_uppercase())?;
        let man = Man::new(subcommand.clone());
        let mut text = Vec::new();
        man.render_description_section(&mut text)?;
        man.render_options_section(&mut text)?;
        let text = String::from_utf8(text).map_err(io::Error::other)?;
        let text = text.replace(".SH DESCRIPTION\n", "").replace(".SH OPTIONS\n", ".PP\n");
        output.write_all(text.as_bytes())?;
    }
    output.write_all(LAST_SECTIONS.as_bytes())
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set())
}

/// The synopsis of a command, without the section's head.
fn synopsis(command: &Command) -> io::Result<String> {
    let mut text = Vec::new();
    Man::new(command.clone()).render_synopsis_section(&mut text)?;
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    Ok(text.lines().filter(|line| !line.starts_with(".SH")).collect::<Vec<_>>().join("\n"))
}

/// A shell's script.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "client-cert", &mut script);
    script
}
