//! The program: it hands the command line over and leaves with its code.

fn main() {
    std::process::exit(tuckshop::cli::run());
}
