// A board: serial line, protocol, and the quantised score. Hardware only.
//
//   Lanes           of the transform
//   ClockHz, Baud   of clk_i and of the line
//   Build, Target   what the identity says: a hash of sources, and a name of 12 characters at most
module sq_score_top #(
  parameter integer Lanes = 16,
  parameter integer ClockHz = 12_000_000,
  parameter integer Baud = 115_200,
  parameter [63:0] Build = 64'd0,
  parameter [95:0] Target = "fpga score"
) (
  input  wire  clk_i,
  input  wire  rst_i,
  input  wire  rx_i,
  output wire  tx_o
);
  // 32² modes, and an image of 64 KiB.
  localparam integer MaxLog2 = 5, ImageLog2 = 15, A = 2 * MaxLog2;

  wire cfg_we, run, measure, abort, busy, field_we, score_we, image_we, good, fits;
  wire [7:0] sel;
  wire [3:0] cfg_addr;
  wire [4:0] score_addr;
  wire [31:0] cfg_data, sweeps;
  wire [A-1:0] field_addr;
  wire [15:0] field_to, u, phi, m;
  wire [ImageLog2-1:0] image_addr;
  wire [15:0] image_data;
  wire [3:0] score_do;
  wire [1:0] buffer;
  wire [10:0] step, stages;
  wire [A:0] sites;
  // What is read: sums are 32 bits wide, words of the line 16. What is counted: stages, or configurations of a draw.
  wire [31:0] drawn, sums_data;
  reg drew_q;
  reg [15:0] read_q;
  reg [31:0] counted_q;
  always_ff @(posedge clk_i) begin
    if (rst_i || score_do[1]) drew_q <= 1'b0;
    else if (score_do[3]) drew_q <= 1'b1;
    read_q <= !buffer[1] ? (buffer[0] ? phi : u) : field_addr[0] ? sums_data[31:16] : sums_data[15:0];
    counted_q <= drew_q ? drawn : {21'd0, step};
  end
  // L: the root of the volume.
  reg [15:0] extent_q;
  integer n;
  always_ff @(posedge clk_i) begin
    extent_q <= 16'd0;
    for (n = 2; n <= MaxLog2; n = n + 1) if (sites[2*n]) extent_q <= 16'd1 << n;
  end
  sq_link #(
    .W(16), .SitesLog2(A), .Pipes(1), .Sums(0), .Bonds(0), .Score(1), .Divider((ClockHz + Baud / 2) / Baud), .Build(Build), .Target(Target)
  ) link (
    .clk_i(clk_i), .rst_i(rst_i), .rx_i(rx_i), .tx_o(tx_o),
    .sel_o(sel), .cfg_we_o(cfg_we), .cfg_addr_o(cfg_addr), .cfg_data_o(cfg_data),
    .run_o(run), .sweeps_o(sweeps), .measure_o(measure), .abort_o(abort), .busy_i(busy),
    .field_we_o(field_we), .field_addr_o(field_addr), .field_data_o(field_to), .field_data_i(read_q),
    .step_i({12'd0, counted_q}), .clipped_i(48'd0), .sum_phi_i(32'd0), .sum_phi2_i(48'd0), .sum_bond_i(48'd0),
    .score_we_o(score_we), .score_addr_o(score_addr), .image_we_o(image_we), .image_addr_o(image_addr),
    .image_data_o(image_data), .score_do_o(score_do), .buffer_o(buffer),
    .score_i({{(15-A){1'b0}}, sites, m, 5'd0, stages, extent_q, 6'd0, fits, good})
  );

  // What is to be done, a clock late: it comes from afar.
  reg run_q, abort_q;
  reg [3:0] score_do_q;
  reg [15:0] stages_asked_q;
  reg [31:0] count_q;
  always_ff @(posedge clk_i) begin
    run_q <= run;
    abort_q <= abort;
    score_do_q <= score_do;
    count_q <= sweeps;
    stages_asked_q <= sweeps[15:0] | {16{|sweeps[31:16]}};
  end
  reg phase_q;
  always_ff @(posedge clk_i) phase_q <= rst_i ? 1'b0 : !phase_q;
  wire [4:0] show;
  wire signed [15:0] show_y, show_h, show_score, show_u, show_phi;
  sq_score #(.Lanes(Lanes), .MaxLog2(MaxLog2), .ImageLog2(ImageLog2)) score (
    .clk_i(clk_i), .rst_i(rst_i), .phase_i(phase_q), .cfg_we_i(score_we), .cfg_addr_i(score_addr), .cfg_data_i(cfg_data),
    .image_we_i(image_we), .image_addr_i(image_addr), .image_data_i(image_data),
    .check_i(score_do_q[0]), .begin_i(score_do_q[1]), .finish_i(score_do_q[2]),
    .run_i(run_q), .stages_i(stages_asked_q), .draw_i(score_do_q[3]), .count_i(count_q), .abort_i(abort_q),
    .busy_o(busy), .good_o(good), .fits_o(fits), .sites_o(sites), .stages_o(stages), .m_o(m), .step_o(step), .drawn_o(drawn),
    .field_we_i(field_we), .field_addr_i(field_addr), .field_data_i(field_to), .field_data_o(u),
    .phi_addr_i(field_addr), .phi_data_o(phi), .sums_addr_i(field_addr[A-1:1]), .sums_data_o(sums_data),
    .show_o(show), .show_y_o(show_y), .show_h_o(show_h), .show_score_o(show_score), .show_u_o(show_u), .show_phi_o(show_phi)
  );
  wire unused = &{
    1'b0, sel, cfg_we, cfg_addr, measure, show, show_y, show_h, show_score, show_u, show_phi
  };
endmodule
