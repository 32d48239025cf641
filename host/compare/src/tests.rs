//! A comparison of contenders with known answers.

use super::*;
use stoquant_model::{Extents, Phi4};

/// τ = L^z at any κ, a sweep takes L² nanoseconds; unresolved above a size.
struct Known {
    name: &'static str,
    z: f64,
    only: Option<Point>,
    largest: usize,
}

impl Contender for Known {
    fn name(&self) -> &str {
        self.name
    }
    fn note(&self) -> &str {
        "made up: <τ> = L^z"
    }
    fn only_at(&self) -> Option<Point> {
        self.only.clone()
    }
    fn check(&self, point: &Point) -> Result<(), InputError> {
        if point.couplings.lambda > 0.0 { Ok(()) } else { Err(InputError::new("unbounded")) }
    }
    fn run(&self, point: &Point, _: u64, _: f64) -> Result<Run, InputError> {
        let l = point.extents[0];
        let tau = (l as f64).powf(self.z);
        Ok(Run {
            tau_int: Estimate::new(tau, 0.1 * tau),
            resolved: l <= self.largest,
            sweeps: 1000,
            seconds_per_sweep: 1e-9 * (l * l) as f64,
            m2: Estimate::new(1.0, 0.1),
            setting: "none".into(),
        })
    }
}

fn known(name: &'static str, z: f64, largest: usize, only: Option<Point>) -> Box<dyn Contender> {
    Box::new(Known { name, z, only, largest })
}

#[test]
fn exponents_and_costs_are_found() {
    let plan = Plan::new(&Options { kappa: Some(vec![0.2, 0.27, 0.3]), ..Options::default() }).unwrap();
    assert_eq!(plan.points.len(), 12);
    let home = Point { extents: Extents::from([12, 12]), couplings: Phi4::kappa_form(0.25, 0.022) };
    let contenders =
        [known("local", 2.0, 32, None), known("none", 1.0, 8, None), known("model", 0.0, 99, Some(home.clone()))];
    let result = compare(&contenders, &plan, |_, _| ()).unwrap();
    // Two at the twelve points, all three at the model's own.
    assert_eq!(result.records.len(), 2 * 12 + 3);
    assert_eq!(result.records.iter().filter(|r| r.point == home).count(), 3);
    let fits: Vec<_> = result.exponents.iter().map(|e| (e.kappa, e.sizes.clone(), e.fit)).collect();
    assert_eq!(fits[0].1, [8.0, 16.0, 32.0]);
    assert_eq!(fits[0].0, 0.27);
    assert!((fits[0].2.unwrap().exponent.value - 2.0).abs() < 1e-12);
    assert_eq!((fits[1].2, fits[2].2), (None, None));
    // 2 × 8² sweeps of 64 ns.
    assert!((result.records[0].cost.value - 128.0 * 64e-9).abs() < 1e-18);

    // The page: every figure, text escaped, nothing fetched, bounds as bounds.
    let page = page(&result).unwrap();
    assert_eq!(page.matches("<svg").count(), figures(&result).len());
    assert_eq!(figures(&result).len(), 4 + 1 + 2);
    assert!(page.contains("&lt;τ&gt;") && page.contains("&gt; 64"), "{page}");
    assert!(page.contains(&fits[0].2.unwrap().exponent.to_string()), "{page}");
    assert_eq!(page.matches("http").count(), page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
}

#[test]
fn bad_plans_are_named() {
    let refused = |options: Options| Plan::new(&options).unwrap_err().to_string();
    let with = Options::default;
    assert!(refused(Options { size: Some(vec![8, 256]), ..with() }).contains("size = 256: must be 1 to 255"));
    assert!(refused(Options { size: Some(vec![]), ..with() }).contains("at least one"));
    assert!(refused(Options { kappa: Some(vec![f64::NAN]), ..with() }).contains("kappa = NaN: must be finite"));
    assert!(refused(Options { seconds: Some(0.0), ..with() }).contains("seconds = 0"));
    let plan = Plan::new(&Options { lambda: Some(0.0), ..with() }).unwrap();
    assert_eq!(plan.kappa_c, None);
    let error = compare(&[known("it", 1.0, 9, None)], &plan, |_, _| ()).unwrap_err().to_string();
    assert_eq!(error, "it at kappa = 0.2: unbounded");
}
