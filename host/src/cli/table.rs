//! Plain tables.

use stoquant::estimate::Observables;

/// One line an observable: value and error.
pub fn observables(table: &Observables) -> String {
    let mut out = format!("{:<20} {:>22} {:>12}", "observable", "value", "error");
    for (&observable, estimate) in table {
        out += &format!("\n{:<20} {:>22.15} {:>12.3e}", observable.key(), estimate.value, estimate.error);
    }
    out
}
