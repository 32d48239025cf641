//! A certificate in the XML of JUnit, which servers of continuous integration read: a suite a rung, a case a check.

use super::page::text;
use crate::{Certificate, Verdict};

/// The file.
pub fn junit(certificate: &Certificate) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = certificate.checks.len();
    let failed = certificate.failures().count();
    out += &format!("<testsuites name=\"stoquant\" tests=\"{all}\" failures=\"{failed}\">\n");
    for rung in certificate.rungs() {
        let failed = certificate.of(rung).filter(|check| check.verdict != Verdict::Pass).count();
        let count = certificate.of(rung).count();
        out += &format!("  <testsuite name=\"{rung}\" tests=\"{count}\" failures=\"{failed}\">\n");
        for check in certificate.of(rung) {
            let name = text(&check.name);
            if check.verdict == Verdict::Pass {
                out += &format!("    <testcase classname=\"{rung}\" name=\"{name}\"/>\n");
                continue;
            }
            let z = check.z.map_or(String::new(), |z| format!(", z = {z:.2}"));
            out += &format!(
                "    <testcase classname=\"{rung}\" name=\"{name}\"><failure type=\"{}\" \
                 message=\"{} found, {} expected, {} allowed{z}\"/></testcase>\n",
                check.verdict.name(),
                check.value,
                check.expected,
                check.error
            );
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}
