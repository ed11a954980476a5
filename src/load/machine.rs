//! Facts about the machine that a report is from, as far as the system provides them.

use super::report::Machine;

/// What is known of this machine; a fact that cannot be read stays empty or 0.
pub fn facts() -> Machine {
    Machine {
        system: system(),
        cpu: read("/proc/cpuinfo").as_deref().and_then(cpu_model).unwrap_or_default(),
        // What this process may use, not what is built in.
        cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        memory_mb: read("/proc/meminfo").as_deref().and_then(memory_mb).unwrap_or_default(),
    }
}

#[cfg(unix)]
fn system() -> String {
    let name = rustix::system::uname();
    let parts = [name.sysname(), name.release(), name.machine()];
    parts.map(|part| part.to_string_lossy().into_owned()).join(" ")
}

#[cfg(not(unix))]
fn system() -> String {
    format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// A file of `/proc`; there is none on other systems.
fn read(path: &str) -> Option<String> {
    std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The first processor's name; on ARM the kernel gives only numbers, and none is shown.
fn cpu_model(cpuinfo: &str) -> Option<String> {
    let (_, name) = cpuinfo
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| matches!(key.trim(), "model name" | "cpu model" | "Model"))?;
    // Vendors fill the name up with blanks.
    Some(name.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn memory_mb(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes = line.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()?;
    Some(kilobytes / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_of_this_machine_are_found() {
        let machine = facts();
        assert!(machine.cores > 0);
        assert!(!machine.system.trim().is_empty());
        #[cfg(target_os = "linux")]
        assert!(machine.system.starts_with("Linux ") && machine.memory_mb > 100, "{machine:?}");
    }

    #[test]
    fn files_of_the_kernel_are_read() {
        let cpuinfo =
            "processor\t: 0\nmodel\t\t: 143\nmodel name\t: Some(R)  CPU @ 2:0\n\nprocessor";
        assert_eq!(cpu_model(cpuinfo).as_deref(), Some("Some(R) CPU @ 2:0"));
        assert_eq!(cpu_model("processor\t: 0\nCPU part\t: 0xd0c\n"), None);
        assert_eq!(memory_mb("MemTotal:       24607372 kB\nMemFree: 1 kB\n"), Some(24030));
        assert_eq!(memory_mb("MemTotal: many kB"), None);
        assert_eq!(memory_mb(""), None);
    }
}
