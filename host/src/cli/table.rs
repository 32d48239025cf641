//! Plain tables.

use stoquant::estimate::Observables;
use stoquant::noise_law::Facts;

/// One line an observable: value and error, or a dash where there is none.
pub fn observables(table: &Observables) -> String {
    let mut out = format!("{:<20} {:>22} {:>12}", "observable", "value", "error");
    for (&observable, estimate) in table {
        let error = if estimate.error.is_nan() { "-".into() } else { format!("{:.3e}", estimate.error) };
        out += &format!("\n{:<20} {:>22} {error:>12}", observable.key(), number(estimate.value));
    }
    out
}

/// Fifteen decimals, or an exponent where they would not show all digits or too many.
fn number(x: f64) -> String {
    if x == 0.0 || (1e-3..1e6).contains(&x.abs()) { format!("{x:.15}") } else { format!("{x:.15e}") }
}

/// One line a fact.
pub fn facts(facts: &Facts) -> String {
    let mut out = format!("{:<44} {:>34}", format!("η of {} bits", facts.width), "over all 2^32 words");
    for (name, sum) in ["Σ η²", "Σ η⁴", "Σ η⁶"].into_iter().zip(facts.sums) {
        out += &format!("\n{name:<44} {sum:>34}");
    }
    out += &format!("\n{:<44} {:>34}", "max |η|", facts.max);
    for (name, value, _) in facts.numbers() {
        out += &format!("\n{name:<44} {value:>34.6e}");
    }
    out
}
