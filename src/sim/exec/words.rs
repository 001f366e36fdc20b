//! A shell's line, cut into words, pipes and lists.

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// `$NAME`, `${NAME}`, `$?`.
    Variable(String),
}

/// A word before its variables are filled in.
pub(super) type Word = Vec<Piece>;

/// When a pipeline runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// After `&&`.
    Success,
    /// After `||`.
    Failure,
}

/// Where a command's output goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Redirect {
    /// `>` of standard output, `2>` of errors, into a file (`/dev/null`, or what nobody reads again).
    Away { errors: bool },
    /// `2>&1`.
    ErrorsToOutput,
    /// `>&2`.
    OutputToErrors,
}

/// One command of a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
}

/// Commands whose output is the next one's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pipeline {
    pub(super) when: When,
    pub(super) commands: Vec<Command>,
}

/// Cuts a text into pipelines; says what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Vec<Pipeline>, String> {
    let mut parser = Parser {
        rest: text.chars().peekable(),
        all: Vec::new(),
        commands: Vec::new(),
        command: Command::default(),
        when: When::Always,
    };
    parser.run()?;
    Ok(parser.all)
}

struct Parser<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    all: Vec<Pipeline>,
    commands: Vec<Command>,
    command: Command,
    when: When,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.rest.peek().copied() {
            match c {
                ' ' | '\t' | '\r' => drop(self.rest.next()),
                '#' => while self.rest.next_if(|c| *c != '\n').is_some() {},
                '\n' | ';' => {
                    self.rest.next();
                    self.end_pipeline(When::Always)?;
                }
                '&' => {
                    self.rest.next();
                    let and = self.rest.next_if_eq(&'&').is_some();
                    self.end_pipeline(if and { When::Success } else { When::Always })?;
                }
                '|' => {
                    self.rest.next();
                    if self.rest.next_if_eq(&'|').is_some() {
                        self.end_pipeline(When::Failure)?;
                    } else if self.command == Command::default() {
                        return Err("syntax error: unexpected \"|\"".to_owned());
                    } else {
                        self.commands.push(std::mem::take(&mut self.command));
                    }
                }
                '>' => self.redirect(false)?,
                '<' => {
                    self.rest.next();
                    self.blanks();
                    self.word()?;
                }
                '(' | ')' => return Err(format!("syntax error: unexpected \"{c}\"")),
                _ => {
                    let word = self.word()?;
                    let errors = word == [Piece::Text("2".into())]
                        && self.rest.peek().is_some_and(|c| *c == '>');
                    if errors {
                        self.redirect(true)?;
                    } else {
                        self.command.words.push(word);
                    }
                }
            }
        }
        self.end_pipeline(When::Always)
    }

    fn blanks(&mut self) {
        while self.rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
    }

    fn end_pipeline(&mut self, next: When) -> Result<(), String> {
        if self.command != Command::default() {
            self.commands.push(std::mem::take(&mut self.command));
        }
        if !self.commands.is_empty() {
            self.all.push(Pipeline {
                when: self.when,
                commands: std::mem::take(&mut self.commands),
            });
        } else if next != When::Always {
            let what = if next == When::Success { "&&" } else { "||" };
            return Err(format!("syntax error: unexpected \"{what}\""));
        }
        self.when = next;
        Ok(())
    }

    fn redirect(&mut self, errors: bool) -> Result<(), String> {
        self.rest.next();
        self.rest.next_if_eq(&'>');
        let redirect = if self.rest.next_if_eq(&'&').is_some() {
            match self.rest.next() {
                Some('1') => Redirect::ErrorsToOutput,
                Some('2') => Redirect::OutputToErrors,
                _ => return Err("syntax error: bad fd number".to_owned()),
            }
        } else {
            self.blanks();
            if self.word()?.is_empty() {
                return Err("syntax error: unexpected newline".to_owned());
            }
            Redirect::Away { errors }
        };
        self.command.redirects.push(redirect);
        Ok(())
    }

    fn word(&mut self) -> Result<Word, String> {
        let mut word = Word::new();
        let mut text = String::new();
        let mut quoted = false;
        while let Some(c) = self.rest.peek().copied() {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '>' | '<' | '(' | ')' => break,
                '\'' => {
                    self.rest.next();
                    quoted = true;
                    loop {
                        match self.rest.next() {
                            Some('\'') => break,
                            Some(c) => text.push(c),
                            None => return Err(unterminated()),
                        }
                    }
                }
                '"' => {
                    self.rest.next();
                    quoted = true;
                    loop {
                        match self.rest.next() {
                            Some('"') => break,
                            Some('\\') => match self.rest.next() {
                                Some(c @ ('"' | '\\' | '$' | '`')) => text.push(c),
                                Some(c) => text.extend(['\\', c]),
                                None => return Err(unterminated()),
                            },
                            Some('$') => self.variable(&mut word, &mut text),
                            Some(c) => text.push(c),
                            None => return Err(unterminated()),
                        }
                    }
                }
                '\\' => {
                    self.rest.next();
                    match self.rest.next() {
                        Some('\n') | None => {}
                        Some(c) => text.push(c),
                    }
                }
                '$' => {
                    self.rest.next();
                    self.variable(&mut word, &mut text);
                }
                c => {
                    self.rest.next();
                    text.push(c);
                }
            }
        }
        if !text.is_empty() || quoted && word.is_empty() {
            word.push(Piece::Text(text));
        }
        Ok(word)
    }

    /// After a `$`.
    fn variable(&mut self, word: &mut Word, text: &mut String) {
        let mut name = String::new();
        if self.rest.next_if_eq(&'{').is_some() {
            while let Some(c) = self.rest.next_if(|c| *c != '}') {
                name.push(c);
            }
            self.rest.next();
        } else if let Some(c) = self
            .rest
            .next_if(|c| matches!(c, '?' | '$' | '#' | '0'..='9'))
        {
            name.push(c);
        } else {
            while let Some(c) = self
                .rest
                .next_if(|c| c.is_ascii_alphanumeric() || *c == '_')
            {
                name.push(c);
            }
        }
        if name.is_empty() {
            text.push('$');
            return;
        }
        if !text.is_empty() {
            word.push(Piece::Text(std::mem::take(text)));
        }
        word.push(Piece::Variable(name));
    }
}

fn unterminated() -> String {
    "syntax error: unterminated quoted string".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `words|words && …`, redirects as `>`.
    fn shown(text: &str) -> String {
        let pipelines = match parse(text) {
            Ok(pipelines) => pipelines,
            Err(why) => return why,
        };
        let word = |word: &Word| -> String {
            word.iter()
                .map(|piece| match piece {
                    Piece::Text(text) => format!("[{text}]"),
                    Piece::Variable(name) => format!("<{name}>"),
                })
                .collect()
        };
        let command = |command: &Command| {
            let words: Vec<String> = command.words.iter().map(word).collect();
            words.join(" ") + &">".repeat(command.redirects.len())
        };
        let pipeline = |p: &Pipeline| {
            let all: Vec<String> = p.commands.iter().map(command).collect();
            format!("{:?} {}", p.when, all.join("|"))
        };
        let all: Vec<String> = pipelines.iter().map(pipeline).collect();
        all.join(", ")
    }

    #[test]
    fn cut() {
        for (text, wanted) in [
            ("exit 3", "Always [exit] [3]"),
            (
                "a && b || c; d\n",
                "Always [a], Success [b], Failure [c], Always [d]",
            ),
            (
                "echo 'a b' \"c$D\" ${E}f $? ''",
                "Always [echo] [a b] [c]<D> <E>[f] <?> []",
            ),
            (
                "ls /x 2>/dev/null >&2 | wc -l # no",
                "Always [ls] [/x]>>|[wc] [-l]",
            ),
            ("echo a\\ b 2>&1", "Always [echo] [a b]>"),
            ("echo 'x", "syntax error: unterminated quoted string"),
            ("&& a", "syntax error: unexpected \"&&\""),
            ("", ""),
        ] {
            assert_eq!(shown(text), wanted, "{text}");
        }
    }
}
