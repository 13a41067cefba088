#pragma once
// The program's commands, one file each.  An add_ function adds its command to `program`; if the user names
// it, the command runs inside CLI::App::parse().  It leaves 1 in `exit_code` for a failed gate and throws
// InputError or RunError for anything that main has to explain.

namespace CLI {
class App;
}

namespace isoframe::harness::cli {

void add_validate_command(CLI::App& program, int& exit_code);
void add_weights_command(CLI::App& program, int& exit_code);
void add_run_command(CLI::App& program, int& exit_code);
void add_generate_command(CLI::App& program, int& exit_code);
void add_trace_command(CLI::App& program, int& exit_code);
void add_locate_command(CLI::App& program, int& exit_code);
void add_compare_command(CLI::App& program, int& exit_code);
void add_worker_command(CLI::App& program, int& exit_code);
void add_history_commands(CLI::App& program, int& exit_code);
void add_report_command(CLI::App& program, int& exit_code);
void add_qualify_command(CLI::App& program, int& exit_code);
void add_rates_command(CLI::App& program, int& exit_code);
void add_selftest_command(CLI::App& program, int& exit_code);
void add_self_description_commands(CLI::App& program, int& exit_code);

}  // namespace isoframe::harness::cli
