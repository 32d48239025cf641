//! One line per step while it runs, one table at the end.

use crate::sh::Result;
use rayon::prelude::*;
use std::io::Write;
use std::time::{Duration, Instant};

const WIDTH: usize = 50;

/// Which steps are run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    #[default]
    All,
    /// Those whose names begin with one of these.
    Only(Vec<String>),
    /// None: their names are printed.
    List,
}

/// The steps that were run, with their times.
#[derive(Default)]
pub struct Report {
    /// Which steps are run.
    pub selection: Selection,
    rows: Vec<(String, Duration, String)>,
    /// Steps that ran at the same time count once.
    total: Duration,
}

impl Report {
    /// With a choice of steps.
    pub fn of(selection: Selection) -> Self {
        Self { selection, ..Self::default() }
    }

    /// Whether a step is run; one that is only listed is printed.
    fn wanted(&self, name: &str) -> bool {
        match &self.selection {
            Selection::All => true,
            Selection::Only(names) => names.iter().any(|wanted| name.starts_with(wanted.as_str())),
            Selection::List => {
                println!("{name}");
                false
            }
        }
    }

    /// Whether no step has been run.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Runs a step that prints nothing; it returns a short note (a count, a size) for its line.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<String>) -> Result<()> {
        if !self.wanted(name) {
            return Ok(());
        }
        print!("{name:<WIDTH$} ");
        let _ = std::io::stdout().flush();
        let (took, note) = self.timed(name, work)?;
        println!("{:>7.1} s  {note}", took.as_secs_f64());
        Ok(())
    }

    /// Runs steps at the same time that print nothing and have one thread each; the first of them that failed is what
    /// is returned.
    pub fn steps<T: Sync>(
        &mut self,
        of: &[T],
        name: impl Fn(&T) -> String,
        work: impl Fn(&T) -> Result<String> + Sync,
    ) -> Result<()> {
        let of: Vec<&T> = of.iter().filter(|of| self.wanted(&name(of))).collect();
        let start = Instant::now();
        let rows: Vec<_> = of.par_iter().map(|of| timed(|| work(of))).collect();
        self.total += start.elapsed();
        let mut first = Ok(());
        for (of, (took, done)) in of.iter().zip(rows) {
            print!("{:<WIDTH$} ", name(of));
            let done =
                self.row(&name(of), took, done).map(|(took, note)| println!("{:>7.1} s  {note}", took.as_secs_f64()));
            first = first.and(done);
        }
        first
    }

    /// Runs a step whose own output is to be seen.
    pub fn loud_step(&mut self, name: &str, work: impl FnOnce() -> Result<String>) -> Result<()> {
        if !self.wanted(name) {
            return Ok(());
        }
        println!("{name}:");
        let (took, note) = self.timed(name, work)?;
        println!("{name:<WIDTH$} {:>7.1} s  {note}", took.as_secs_f64());
        Ok(())
    }

    /// The table, with the total.
    pub fn print(&self) {
        println!("\n{:<WIDTH$} {:>9}  result", "step", "time");
        for (name, took, note) in &self.rows {
            println!("{name:<WIDTH$} {:>7.1} s  {note}", took.as_secs_f64());
        }
        println!("{:<WIDTH$} {:>7.1} s", "total", self.total.as_secs_f64());
    }

    fn timed(&mut self, name: &str, work: impl FnOnce() -> Result<String>) -> Result<(Duration, String)> {
        let (took, done) = timed(work);
        self.total += took;
        self.row(name, took, done)
    }

    fn row(&mut self, name: &str, took: Duration, done: Result<String>) -> Result<(Duration, String)> {
        if done.is_err() {
            println!("{:>7.1} s  FAILED", took.as_secs_f64());
        }
        let note = done.as_ref().map_or("FAILED", |note| note).to_owned();
        self.rows.push((name.to_owned(), took, note.clone()));
        done.map(|_| (took, note))
    }
}

fn timed(work: impl FnOnce() -> Result<String>) -> (Duration, Result<String>) {
    let start = Instant::now();
    let done = work();
    (start.elapsed(), done)
}
