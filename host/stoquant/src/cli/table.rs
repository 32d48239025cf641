//! Plain tables.

use stoquant::estimate::Observables;
use stoquant::noise_law::Facts;

/// One line a measured observable, `1.5476(197)`; without an error where none can be given.
pub fn measured(table: &Observables) -> String {
    let lines = table.iter().map(|(observable, estimate)| {
        let value = if estimate.error.is_nan() { number(estimate.value) + " (no error)" } else { estimate.to_string() };
        format!("\n{:<20} {value:>28}", observable.key())
    });
    format!("{:<20} {:>28}", "observable", "value(error)") + &lines.collect::<String>()
}

/// One line an exact result: value and the bound on its numerical error.
pub fn observables(table: &Observables) -> String {
    let mut out = format!("{:<20} {:>22} {:>12}", "observable", "value", "error");
    for (&observable, estimate) in table {
        let (value, error) = (number(estimate.value), estimate.error);
        out += &format!("\n{:<20} {value:>22} {error:>12.3e}", observable.key());
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
