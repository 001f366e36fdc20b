//! Figures as lines, and each against its bar.

use super::Failed;
use super::process::Used;

/// Prints the runs of one contender: minimum and median. Returns the minima; the peak is the median's.
pub(crate) fn say(name: &str, runs: &[Used]) -> Used {
    let of = |pick: fn(&Used) -> f64| {
        let mut all: Vec<f64> = runs.iter().map(pick).collect();
        all.sort_by(f64::total_cmp);
        let at = |index: usize| all.get(index).copied().unwrap_or(0.0);
        (at(0), at(all.len() / 2))
    };
    let (wall, cpu, peak, server) = (
        of(|u| u.wall),
        of(|u| u.cpu),
        of(|u| u.peak),
        of(|u| u.server),
    );
    println!(
        "{name:32} wall {:6.2} ({:.2}) s  cpu {:5.2} ({:.2}) s  peak {:4.0} ({:.0}) MB  server cpu {:.2} ({:.2}) s",
        wall.0, wall.1, cpu.0, cpu.1, peak.0, peak.1, server.0, server.1
    );
    Used {
        wall: wall.0,
        cpu: cpu.0,
        peak: peak.1,
        server: server.0,
    }
}

/// What was seen against what was promised; the last lines of a run, as rows of a table.
#[derive(Default)]
pub(crate) struct Bars {
    missed: Vec<String>,
    rows: Vec<String>,
}

impl Bars {
    /// `unit` follows both numbers: ` s`, ` MB`, `` for a ratio.
    pub(crate) fn at_most(&mut self, figure: &str, seen: f64, bar: f64, unit: &str) {
        // A figure that could not be had is no figure below its bar.
        let met = seen.is_finite() && seen <= bar;
        let verdict = if met { "met" } else { "MISSED" };
        let digits = if unit.is_empty() { 3 } else { 2 };
        self.rows.push(format!(
            "| {figure} | {seen:.digits$}{unit} | {bar}{unit} | {verdict} |"
        ));
        if !met {
            self.missed.push(figure.to_owned());
        }
    }

    /// A ratio of two figures of this run.
    pub(crate) fn ratio(&mut self, figure: &str, ours: f64, theirs: f64, bar: f64) {
        let seen = if theirs > 0.0 {
            ours / theirs
        } else {
            f64::NAN
        };
        self.at_most(figure, seen, bar, "");
    }

    /// Prints the rows; a missed bar makes the run red.
    pub(crate) fn end(self) -> Result<(), Failed> {
        for row in self.rows {
            println!("{row}");
        }
        if self.missed.is_empty() {
            Ok(())
        } else {
            Err(format!("missed: {}", self.missed.join("; ")).into())
        }
    }
}
