//! Parse, run, map an error to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    constable::cli::main(std::env::args_os())
}
