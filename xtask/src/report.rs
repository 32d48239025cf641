//! One line per step while it runs, one table at the end.

use crate::sh::Result;
use std::io::Write;
use std::time::{Duration, Instant};

const WIDTH: usize = 50;

/// The steps that were run, with their times.
#[derive(Default)]
pub struct Report {
    rows: Vec<(String, Duration, String)>,
}

impl Report {
    /// Runs a step that prints nothing; it returns a short note (a count, a size) for its line.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<String>) -> Result<()> {
        print!("{name:<WIDTH$} ");
        let _ = std::io::stdout().flush();
        let (took, note) = self.timed(name, work)?;
        println!("{:>7.1} s  {note}", took.as_secs_f64());
        Ok(())
    }

    /// Runs a step whose own output is to be seen.
    pub fn loud_step(&mut self, name: &str, work: impl FnOnce() -> Result<String>) -> Result<()> {
        println!("{name}:");
        let (took, note) = self.timed(name, work)?;
        println!("{name:<WIDTH$} {:>7.1} s  {note}", took.as_secs_f64());
        Ok(())
    }

    /// The table, with the total.
    pub fn print(&self) {
        let total: Duration = self.rows.iter().map(|(_, took, _)| took).sum();
        println!("\n{:<WIDTH$} {:>9}  result", "step", "time");
        for (name, took, note) in &self.rows {
            println!("{name:<WIDTH$} {:>7.1} s  {note}", took.as_secs_f64());
        }
        println!("{:<WIDTH$} {:>7.1} s", "total", total.as_secs_f64());
    }

    fn timed(&mut self, name: &str, work: impl FnOnce() -> Result<String>) -> Result<(Duration, String)> {
        let start = Instant::now();
        let done = work();
        let took = start.elapsed();
        if done.is_err() {
            println!("{:>7.1} s  FAILED", took.as_secs_f64());
        }
        let note = done.as_ref().map_or("FAILED", |note| note).to_owned();
        self.rows.push((name.to_owned(), took, note.clone()));
        done.map(|_| (took, note))
    }
}
