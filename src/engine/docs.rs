use super::Engine;
use super::view::Tone;
impl Engine {
    /// A text was written to a file, or not.
    pub(super) fn saved(&mut self, end: Result<String, String>) {
        match end {
            Ok(path) => self.say(format!("✓ saved {path}"), Tone::Good),
            Err(why) => self.say(format!("✕ not saved: {why}"), Tone::Bad),
        }
    }
}
