//! Correlators, series and page of `measure`.

use std::f64::consts::PI;
use std::fs;

use ndarray::{Array1, Array2, Array4};
use ndarray_npy::NpzReader;
use serde_json::Value;
use stoquant_tests::command::{run, succeed};

use super::place;
use super::refuses::refused;

const LINE: &str = "sample --extent 6,4 --kappa 0.2 --lambda 0 --b 1 --integrator mala --arith f64 --eps 0.2 \
                    --chains 4 --count 20000 --every 8 --seed 5 --out e.npz";

/// A free field: C_p(t), effective masses and ξ against the sums over its modes, λ_k = 2b - 4κ Σ cos k. Thirteen
/// values with |z| < 5.5: false alarms 5e-7. At errors of a few per cent a momentum or a time that is one off is found.
#[test]
fn correlators_of_a_free_field() {
    let directory = place();
    succeed(directory.path(), &LINE.split_whitespace().collect::<Vec<_>>());
    let text = succeed(directory.path(), &["measure", "e.npz", "--momenta", "2", "--json", "--series", "s.npz"]);
    let found: Value = serde_json::from_str(&text).expect("JSON");
    let check = |name: String, value: &Value, exact: f64| {
        let [mean, error] =
            ["value", "error"].map(|key| value[key].as_f64().unwrap_or_else(|| panic!("{name}: {value}")));
        assert!(
            (mean - exact).abs() < 5.5 * error && error < 0.08 * exact + 1e-3,
            "{name}: {mean} ± {error}, exactly {exact}"
        );
    };
    let cos = |k: usize, extent: f64| (2.0 * PI * k as f64 / extent).cos();
    for n in 0..2 {
        let c = |t: usize| {
            let mode = |k: usize| cos(k * t, 6.0) / (2.0 - 0.8 * (cos(k, 6.0) + cos(n, 4.0)));
            (0..6).map(mode).sum::<f64>() / 24.0
        };
        let correlator = &found["correlators"][n];
        assert_eq!(correlator["momentum"], n);
        for t in 0..4 {
            check(format!("C_{n}({t})"), &correlator["c"][t], c(t));
        }
        for t in 1..3 {
            let exact = (0.5 * (c(t - 1) + c(t + 1)) / c(t)).acosh();
            check(format!("m_{n}({t})"), &correlator["m_eff"][t - 1], exact);
        }
    }
    check("xi".into(), &found["xi"], (0.4f64 / (2.0 - 0.8 * 2.0)).sqrt());

    // The series are what the values are made of.
    let mut npz = NpzReader::new(fs::File::open(directory.path().join("s.npz")).expect("series")).expect("an archive");
    let chain: Array1<u32> = npz.by_name("chain").expect("names");
    let (m, correlator): (Array2<f64>, Array4<f64>) =
        (npz.by_name("m").expect("M"), npz.by_name("correlator").expect("C"));
    assert_eq!((chain.to_vec(), m.dim(), correlator.dim()), (vec![0, 1, 2, 3], (4, 5000), (2, 4, 4, 5000)));
    let m2 = m.mapv(|m| m * m).mean().expect("numbers");
    assert!((m2 - found["m2"]["value"].as_f64().expect("a number")).abs() < 1e-12);
    let c1 = correlator.index_axis(ndarray::Axis(0), 1).index_axis(ndarray::Axis(0), 2).mean().expect("numbers");
    assert!((c1 - found["correlators"][1]["c"][2]["value"].as_f64().expect("a number")).abs() < 1e-12);
    assert!(npz.by_name::<ndarray::OwnedRepr<f64>, ndarray::Ix2>("action_density").is_err(), "no couplings, no action");
}

/// The page stands alone, is the same again, and has what it promises, in any dimension; its JSON is what is printed.
#[test]
fn pages_stand_alone() {
    let directory = place();
    for (extent, figures) in [("", 3), ("7", 5), ("6,4", 6), ("3,2,2,2", 6)] {
        let line =
            ["sample", "--extent", extent, "--kappa", "0.1", "--lambda", "0.1", "--eps", "0.05", "--chains", "2"];
        let more = ["--count", "600", "--every", "40", "--out", "e.npz"];
        succeed(directory.path(), &[&line[..], &more].concat());
        let page = |name: &str| {
            let printed = run(directory.path(), &["measure", "e.npz", "--json", "--report", name]);
            assert!(printed.status.success());
            let read = |file: &str| fs::read_to_string(directory.path().join(name).join(file)).expect("readable");
            assert_eq!(read("measured.json"), String::from_utf8_lossy(&printed.stdout));
            read("index.html")
        };
        let text = page("one");
        assert_eq!(text, page("two"));
        for word in ["http://", "https://", "src=", "NaN", "inf\""] {
            assert!(!text.replace("http://www.w3.org/2000/svg", "").contains(word), "{extent}: {word}");
        }
        assert_eq!(text.matches("<figure").count(), figures, "{extent}");
    }
    refused(directory.path(), &["measure", "e.npz", "--momenta", "65"], &["momenta = 65", "0 to 64"]);
    refused(directory.path(), &["measure", "e.npz", "--series", "e.npz"], &["series = e.npz", "which this run reads"]);
    refused(directory.path(), &["measure", "e.npz", "--report", "no/such"], &["report = no/such"]);
}

/// A hundred thousand chains, of one site, and a long pair of chains: in time that grows with their number alone. What
/// grew with its square took minutes.
#[test]
fn time_is_linear() {
    let directory = place();
    let site = ["sample", "--extent", "", "--kappa", "0", "--b", "1", "--lambda", "0.1", "--out", "e.npz"];
    for more in [
        ["--chains", "100000", "--count", "300000", "--every", "1", "--thermalise", "10"],
        ["--chains", "2", "--count", "1000000", "--every", "2", "--thermalise", "10"],
    ] {
        let begin = std::time::Instant::now();
        assert!(run(directory.path(), &[&site[..], &more].concat()).status.success());
        assert!(run(directory.path(), &["measure", "e.npz"]).status.success());
        assert!(begin.elapsed().as_secs() < 60, "{more:?}: {:?}", begin.elapsed());
    }
}
