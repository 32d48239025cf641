//! Files: what is written is read again, and nothing else is.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant_model::Phi4;

use super::testing::{free, random};
use super::*;

/// Refused in one line with these words.
#[track_caller]
fn refused(bytes: &[u8], words: &[&str]) {
    let message = Model::from_bytes(bytes).expect_err("a bad model").to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    for word in words {
        assert!(message.contains(word), "{message:?} does not say {word:?}");
    }
}

/// A file with this header and so many bytes of data.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn files_hold_models() {
    for model in [free(4), random(5, [7, 3], 1), random(2, [1, 128], 2)] {
        let bytes = model.to_bytes().unwrap();
        assert_eq!(Model::from_bytes(&bytes).unwrap(), model);
        assert_eq!(model.to_bytes().unwrap(), bytes);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.safetensors");
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(Model::load(path.to_str().unwrap()).unwrap(), model);
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let message = Model::read(&path).unwrap_err().to_string();
        assert!(message.contains("a.safetensors") && message.contains("not a whole"), "{message}");
    }
}

#[test]
fn shipped_models_are_valid() {
    for name in Model::names() {
        let model = Model::load(name).unwrap();
        // The coupling of a name's letter, see docs/results.md.
        let letter = match model.config.couplings.kappa {
            0.27 => 'c',
            1.0 => 'n',
            kappa => panic!("{name}: kappa = {kappa}"),
        };
        assert_eq!(format!("{letter}{}", model.config.extent), name.trim_end_matches("-int8"));
    }
    let message = Model::load("c17").unwrap_err().to_string();
    assert!(message.contains("model = c17") && message.contains("c16"), "{message}");
    assert!(Model::load("no/such.safetensors").unwrap_err().to_string().contains("cannot open"));
}

/// Cut anywhere, with a bit flipped anywhere: an error of one line or a valid model, never a panic.
#[test]
fn damage_is_refused_or_valid() {
    let bytes = random(3, [2, 2], 3).to_bytes().unwrap();
    for end in 0..bytes.len() {
        refused(&bytes[..end], &["no model"]);
    }
    refused(&[&bytes[..], &[0]].concat(), &["not a whole"]);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
    let header = 8 + usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    for round in 0..20_000 {
        let mut damaged = bytes.clone();
        for _ in 0..=round % 3 {
            let at = rng.random_range(0..if round % 2 == 0 { header } else { bytes.len() });
            damaged[at] ^= 1 << rng.random_range(0..8);
        }
        match Model::from_bytes(&damaged) {
            Ok(model) => model.check().unwrap(),
            Err(error) => assert_eq!(error.to_string().lines().count(), 1, "{error}"),
        }
    }
}

#[test]
fn hostile_headers_are_refused() {
    refused(b"", &["not a whole"]);
    refused(&u64::MAX.to_le_bytes(), &["not a whole"]);
    refused(&[&99_000_000_u64.to_le_bytes()[..], b"{}"].concat(), &["not a whole"]);
    refused(&vec![0; (1 << 24) + 1], &["more than 16 MiB"]);
    refused(&file("{}", 0), &["no \"stoquant\"", "metadata"]);
    refused(&file("[1]", 0), &["not a whole"]);
    refused(&file(&"[".repeat(100_000), 0), &["not a whole"]);
    // Sizes whose sum, or product, wraps around.
    let tensor =
        |shape: &str, end: &str| format!(r#"{{"a":{{"dtype":"U8","shape":{shape},"data_offsets":[0,{end}]}}}}"#);
    refused(&file(&tensor("[18446744073709551615]", "18446744073709551615"), 0), &["\"a\"", "outside"]);
    refused(&file(&tensor("[4294967296, 4294967296]", "0"), 0), &["overflow"]);
    refused(&file(&tensor("[1]", "-1"), 0), &["\"a\"", "outside"]);
    refused(&file(r#"{"__metadata__":{"stoquant":"{}"}}"#, 0), &["metadata", "extent"]);
    refused(&file(r#"{"__metadata__":{"stoquant":"{\"a\":1}"}}"#, 0), &["metadata", "unknown field"]);
}

/// Each part of a model alone made wrong.
#[test]
fn wrong_models_are_named() {
    let good = random(4, [3, 2], 5);
    let config = |change: fn(&mut Config), words: &[&str]| {
        let mut model = good.clone();
        change(&mut model.config);
        refused(&model.to_bytes().unwrap(), words);
    };
    config(|c| c.extent = 1, &["extent = 1", "2 to 256"]);
    config(|c| c.extent = usize::MAX, &["extent", "2 to 256"]);
    config(|c| c.extent = 5, &["shape of tensor posterior"]);
    config(|c| c.knots = 1, &["knots = 1", "2 to 64"]);
    config(|c| c.hidden = [0, 2], &["hidden = [0, 2]", "1 to 128"]);
    config(|c| c.hidden = [3, 129], &["hidden", "1 to 128"]);
    config(|c| c.couplings.lambda = -0.1, &["lambda = -0.1", "at least 0"]);
    config(|c| c.couplings = Phi4 { kappa: 0.3, b: 1.0, lambda: 0.0 }, &["lambda = 0", "bounded below"]);
    config(|c| c.couplings.kappa = 1e7, &["kappa", "1e6"]);
    config(|c| c.mass2 = 0.0, &["mass2 = 0", "> 0"]);
    config(|c| c.couplings.kappa = -0.2, &["mass2", "> 0"]);
    config(|c| c.sigma = [2.0, 1.0], &["sigma = [2.0, 1.0]", "rising"]);
    config(|c| c.sigma[0] = 0.0, &["sigma", "positive"]);
    config(|c| c.magnetisation = [-0.1, 1.0], &["magnetisation", "at least 0"]);
    config(|c| c.magnetisation = [1.0, 1.0], &["magnetisation", "rising"]);

    let tensor = |name: &str, change: &dyn Fn(&mut Tensor), words: &[&str]| {
        let mut model = good.clone();
        change(model.tensors.get_mut(name).unwrap());
        refused(&model.to_bytes().unwrap(), words);
    };
    for (name, tensor_of) in &good.tensors {
        tensor(name, &|t| t.data[1] = f32::NAN, &["number 1", name, "NaN", "finite"]);
        tensor(name, &|t| t.shape.push(1), &["shape", name, "must be"]);
        let mut model = good.clone();
        model.tensors.remove(name);
        refused(&model.to_bytes().unwrap(), &[name, "missing"]);
        let mut model = good.clone();
        model.tensors.insert(format!("{name}\n"), tensor_of.clone());
        refused(&model.to_bytes().unwrap(), &[name, "unknown"]);
    }
    for name in ["scale.odd", "scale.h", "spectrum", "posterior"] {
        tensor(name, &|t| t.data[0] = 0.0, &["number 0", name, "positive"]);
    }
    tensor("scale.even_scale", &|t| t.data[0] = -1.0, &["number 0", "scale.even_scale", "at least 0"]);
    tensor("filter.ln_mass", &|t| t.data[0] = 60.0, &["filter.ln_mass", "at most 50"]);
    tensor("magnetisation", &|t| t.data[3] = -1.0, &["number 3", "magnetisation", "at least 0"]);
    tensor("magnetisation", &|t| t.data.fill(0.0), &["sum", "magnetisation", "positive"]);
    tensor("magnetisation", &|t| (t.shape, t.data) = (vec![1], vec![1.0]), &["magnetisation", "[n]", "2 to 65536"]);
    let mut bytes = good.to_bytes().unwrap();
    let at = bytes.windows(5).position(|w| w == b"\"F32\"").unwrap();
    bytes[at + 1] = b'I';
    refused(&bytes, &["type I32", "F32 is needed"]);
}
