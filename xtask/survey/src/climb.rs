//! The certificate and the tests, climbed with one defect on: cheapest first, and only what reaches the defect.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::build::TestProgram;
use crate::program::{Ended, Program};
use crate::record::Outcome;

/// Length of the short certificate.
const SHORT: &str = "0.04";
/// Rungs run together while they take no more processor time than this, in seconds.
const TOGETHER: f64 = 1.5;
/// Rungs that take longer than this are climbed when all defects have climbed the others, in seconds.
const DEAR: f64 = 15.0;
/// All statistics of a certificate share this rate. One of few rungs alone would be judged more strictly.
const FALSE_ALARM_RATE: f64 = 1e-6;

/// What is read of a certificate.
#[derive(Deserialize)]
struct Certificate {
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    rung: String,
    name: String,
    p: Option<f64>,
    verdict: String,
}

/// A rung without a defect.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Rung {
    name: String,
    seconds: f64,
    statistics: usize,
    /// The defects that it asks about.
    reached: BTreeSet<usize>,
}

/// What is kept of the runs without a defect, for another run of the same program.
#[derive(Default, Serialize, Deserialize)]
struct Base {
    /// A hash of the program.
    program: u64,
    rungs: Vec<Rung>,
}

impl Base {
    fn read(file: &Path, program: &Path) -> Result<Self, String> {
        let bytes = fs::read(program).map_err(|e| format!("{}: {e}", program.display()))?;
        let mut hash = DefaultHasher::new();
        bytes.hash(&mut hash);
        let kept: Option<Self> = fs::read_to_string(file).ok().and_then(|text| serde_json::from_str(&text).ok());
        let kept = kept.filter(|base| base.program == hash.finish());
        Ok(kept.unwrap_or_else(|| Self { program: hash.finish(), rungs: Vec::new() }))
    }

    fn write(&self, file: &Path) -> Result<(), String> {
        let text = serde_json::to_string(self).map_err(|e| e.to_string())?;
        fs::write(file, text).map_err(|e| format!("{}: {e}", file.display()))
    }
}

/// The certificate without a defect: what it costs, and what it reaches.
pub struct Certifier {
    program: PathBuf,
    folder: PathBuf,
    rungs: Vec<Rung>,
}

impl Certifier {
    /// Runs every rung without a defect, twice: for its time, and for what it reaches. An error where one fails.
    pub fn new(program: &Path, folder: &Path) -> Result<Self, String> {
        let (program, folder) = (program.to_owned(), folder.to_owned());
        let mut certifier = Self { program, folder, rungs: Vec::new() };
        let file = certifier.folder.join("base.json");
        let mut base = Base::read(&file, &certifier.program)?;
        let list = certifier.run("list", &["--list"], None, None)?;
        let names = list.out.lines().skip(1).filter_map(|line| line.split_whitespace().next());
        for name in names {
            if !base.rungs.iter().any(|rung| rung.name == name) {
                base.rungs.push(certifier.rung(name)?);
                base.write(&file)?;
            }
        }
        certifier.rungs = base.rungs;
        certifier.rungs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        Ok(certifier)
    }

    fn rung(&self, name: &str) -> Result<Rung, String> {
        let args = ["--effort", SHORT, "--rung", name];
        let plain = self.passes(&args, None)?;
        let noted = self.folder.join("reached");
        let _ = fs::remove_file(&noted);
        self.passes(&args, Some(("STOQUANT_REACHED", noted.display().to_string())))?;
        let text = fs::read_to_string(&noted).unwrap_or_default();
        let reached = text.lines().filter_map(|line| line.parse().ok()).collect();
        let statistics = certificate(&plain).iter().filter(|c| c.rung == name && c.p.is_some()).count();
        Ok(Rung { name: name.to_owned(), seconds: plain.seconds, statistics, reached })
    }

    /// What the short certificate costs, rung by rung, and reaches.
    pub fn summary(&self) -> String {
        let rung = |rung: &Rung| format!("{} {:.1} ({})", rung.name, rung.seconds, rung.reached.len());
        let seconds: f64 = self.rungs.iter().map(|rung| rung.seconds).sum();
        let rungs: Vec<String> = self.rungs.iter().map(rung).collect();
        format!("without a defect, {seconds:.1} s; seconds and defects reached: {}", rungs.join(", "))
    }

    /// The rungs that ask about a defect.
    fn reaching(&self, number: usize) -> Vec<&Rung> {
        self.rungs.iter().filter(|rung| rung.reached.contains(&number)).collect()
    }

    /// The short certificate with one defect on: its dear rungs, or the others. None where the defect survives.
    pub fn short(&self, number: usize, dear: bool) -> Result<Option<Outcome>, String> {
        let mut rungs = self.reaching(number);
        if rungs.is_empty() {
            return Ok(Some(Outcome::Unreached));
        }
        rungs.retain(|rung| (rung.seconds > DEAR) == dear);
        let mut groups: Vec<Vec<&Rung>> = Vec::new();
        for rung in rungs {
            match groups.last_mut() {
                Some(group) if group.iter().map(|r| r.seconds).sum::<f64>() + rung.seconds <= TOGETHER => {
                    group.push(rung);
                }
                _ => groups.push(vec![rung]),
            }
        }
        for group in groups {
            let usual = group.iter().map(|rung| rung.seconds).sum();
            if let Some(by) = self.planted(number, &["--effort", SHORT, "--rung", &names(&group)], usual)? {
                return Ok(Some(Outcome::Caught(by)));
            }
        }
        Ok(None)
    }

    /// Whether a dear rung asks about a defect.
    pub fn has_dear(&self, number: usize) -> bool {
        self.reaching(number).iter().any(|rung| rung.seconds > DEAR)
    }

    /// Processor time of the default certificate. An error where it fails without a defect.
    pub fn default_seconds(&self) -> Result<f64, String> {
        Ok(self.passes(&[], None)?.seconds)
    }

    /// The default certificate with one defect on. None where the defect survives.
    pub fn default(&self, number: usize, usual: f64) -> Result<Option<Outcome>, String> {
        let reaching = self.reaching(number);
        if reaching.is_empty() {
            return Ok(None);
        }
        let by = self.planted(number, &["--rung", &names(&reaching)], usual)?;
        Ok(by.map(|by| Outcome::Caught(format!("{by} (default length)"))))
    }

    /// What catches a defect, if anything does.
    fn planted(&self, number: usize, args: &[&str], usual: f64) -> Result<Option<String>, String> {
        let variable = ("STOQUANT_PLANTED", number.to_string());
        let ended = self.run(&number.to_string(), &[args, &["--json"]].concat(), Some(variable), Some(usual))?;
        let rungs = args.last().copied().unwrap_or_default();
        if ended.status != Some(1) {
            return Ok(bad_end(&ended).map(|end| format!("{}: {end}", rungs.replace(',', "|"))));
        }
        let statistics: usize = self.rungs.iter().map(|rung| rung.statistics).sum();
        let level = FALSE_ALARM_RATE / statistics.max(1) as f64;
        let checks = certificate(&ended);
        let failed = checks.iter().filter(|check| check.verdict != "pass");
        let mut certain = failed.filter(|check| check.verdict != "fail" || check.p.is_none_or(|p| p <= level));
        Ok(certain.next().map(|check| format!("{}: {}", check.rung, check.name)))
    }

    fn passes(&self, args: &[&str], variable: Option<(&str, String)>) -> Result<Ended, String> {
        let ended = self.run("base", &[args, &["--json"]].concat(), variable, None)?;
        match ended.status {
            Some(0) => Ok(ended),
            status => Err(format!("without a defect `certify {}` ends with {status:?}: {}", args.join(" "), ended.err)),
        }
    }

    fn run(
        &self,
        name: &str,
        args: &[&str],
        variable: Option<(&str, String)>,
        usual: Option<f64>,
    ) -> Result<Ended, String> {
        let args = [&["certify"], args].concat();
        let output = self.folder.join(name);
        Program { path: &self.program, args: &args, folder: &self.folder, variable, output }.run(usual)
    }
}

fn names(rungs: &[&Rung]) -> String {
    rungs.iter().map(|rung| rung.name.as_str()).collect::<Vec<_>>().join(",")
}

fn certificate(ended: &Ended) -> Vec<Check> {
    serde_json::from_str::<Certificate>(&ended.out).map_or_else(|_| Vec::new(), |certificate| certificate.checks)
}

/// How a program ended that did not end well.
fn bad_end(ended: &Ended) -> Option<String> {
    match ended.status {
        Some(0) => None,
        None => Some("does not end".into()),
        Some(status) => {
            let mut lines = ended.err.lines().skip_while(|line| !line.contains(" panicked at ")).skip(1);
            let said = lines.next().or(ended.err.lines().next()).unwrap_or_default();
            Some(format!("ends with status {status}: {}", said.trim()))
        }
    }
}

/// Tests without a defect: each program's time.
pub struct Tester {
    programs: Vec<(TestProgram, f64)>,
    folder: PathBuf,
}

impl Tester {
    /// Runs every program without a defect. An error where one fails.
    pub fn new(programs: Vec<TestProgram>, folder: &Path) -> Result<Self, String> {
        let mut tester = Self { programs: Vec::new(), folder: folder.to_owned() };
        for program in programs {
            let ended = tester.run(&program, None, None)?;
            if ended.status != Some(0) {
                return Err(format!("without a defect the tests {} fail:\n{}", program.target, ended.out));
            }
            tester.programs.push((program, ended.seconds));
        }
        tester.programs.sort_by(|a, b| a.1.total_cmp(&b.1));
        Ok(tester)
    }

    /// The first test that notices a defect, among those of its packages.
    pub fn climb(&self, number: usize, packages: &[&str]) -> Result<Option<String>, String> {
        let mine = self.programs.iter().filter(|(program, _)| packages.contains(&program.package.as_str()));
        for (program, usual) in mine {
            let ended = self.run(program, Some(number), Some(*usual))?;
            if let Some(end) = bad_end(&ended) {
                let failed = ended.out.lines().find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
                return Ok(Some(format!("{}: {}", program.target, failed.unwrap_or(&end))));
            }
        }
        Ok(None)
    }

    fn run(&self, program: &TestProgram, number: Option<usize>, usual: Option<f64>) -> Result<Ended, String> {
        let variable = number.map(|number| ("STOQUANT_PLANTED", number.to_string()));
        let output = self.folder.join(number.map_or("base".into(), |number| number.to_string()));
        Program { path: &program.program, args: &[], folder: &program.folder, variable, output }.run(usual)
    }
}
